"""A bilinear saddle point problem that is distributed over ten devices."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays

LABELS = {
    "bilinear_saddle": "Bilinear saddle",
    "bilinear_saddle_equal": "Bilinear saddle, equal devices",
}
# On equal devices all operators vanish at the solution, so that nothing is left to compress there.
MEMBERS = {
    "bilinear_saddle": {"equal": False},
    "bilinear_saddle_equal": {"equal": True},
}
DEVICES, SIDE = 10, 20
LEAST, MOST = 1.0, 10.0  # range of the spectrum of a device's coupling
OFFSET = 10.0  # standard deviation of the linear terms, so that devices disagree at the solution


class BilinearSaddle(Arrays):
    """One row per device m, with its function of x and y in R^20.

    f_m(x, y) = xᵀ A_m y + a_mᵀ x + b_mᵀ y + μ |x|² / 2 - μ |y|² / 2 with a symmetric positive A_m,
    whose eigenvalues are uniform in [1, 10], and μ = 0.1. The sizes are ours: those of the paper
    were not at hand.

    ``coupling`` is A_m, ``of_x`` is a_m, ``of_y`` is b_m, and ``regularisation`` is μ.
    """

    name = "bilinear_saddle"
    equal: ClassVar[bool] = False
    rows = DEVICES
    shapes: ClassVar = {
        "coupling": (SIDE, SIDE),
        "of_x": (SIDE,),
        "of_y": (SIDE,),
        "regularisation": (),
    }
    licence = "none needed: generated"
    source = "our own; the form is that of Beznosikov et al. 2022, section 5.1"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=0))
        coupling = np.empty((DEVICES, SIDE, SIDE))
        for device in range(DEVICES):
            basis, _ = np.linalg.qr(random.normal(size=(SIDE, SIDE)))
            spectrum = random.uniform(LEAST, MOST, SIDE)
            coupling[device] = (basis * spectrum) @ basis.T
        linear = OFFSET * random.normal(size=(2, DEVICES, SIDE))
        of_x, of_y = linear
        if cls.equal:
            coupling[:], of_x[:], of_y[:] = coupling.mean(0), of_x.mean(0), of_y.mean(0)
        arrays = {
            "coupling": coupling,
            "of_x": of_x,
            "of_y": of_y,
            "regularisation": np.full(DEVICES, 0.1),
        }
        return {name: values.astype(np.float32) for name, values in arrays.items()}
