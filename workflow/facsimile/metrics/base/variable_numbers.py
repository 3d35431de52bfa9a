"""Which causal variable each number of a data set of sequences belongs to."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.run_outputs import RunOutputs


def variable_of(
    outputs: RunOutputs,
) -> npt.NDArray[np.int64]:
    """Position [m] of the variable that each number belongs to; its own if each is one number."""
    if "variable_of" in outputs.data:
        owners: npt.NDArray[np.int64] = outputs.data["variable_of"][0]
        return owners
    return np.arange(outputs.data["latents"].shape[1])
