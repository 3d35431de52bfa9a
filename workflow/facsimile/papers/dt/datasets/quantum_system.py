"""Problems of Bayesian inference: what drives a two-level quantum system."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.dt import inverse_gamma, quantum_system

LABELS = {
    "quantum_system": "quantum system",
    "quantum_system_released": "quantum system, as released",
}
MEMBERS = {
    "quantum_system": {"released": False},
    "quantum_system_released": {"released": True},
}
MEASUREMENTS = len(quantum_system.TIMES)


class QuantumSystem(Arrays):
    """1,000 test problems (Whittle et al. 2026, Table 4).

    A problem is a beta distribution, the prior of x, and ten measurements of a quantum system with
    the Hamiltonian x σx + (1 - x) σz. Both parameters of the prior are from IG(4, 6). In the
    released code, 1 / (1 + exp(-x)) takes the place of x in the Hamiltonian.

    Arrays: ``prior`` [2]; ``x``, from 0 to 1; ``z`` [10], measurements, 0 or 1; ``released``, 1 for
    the Hamiltonian of the released code.
    """

    rows = 1000
    shapes: ClassVar = {
        "prior": (2,),
        "x": (),
        "z": (MEASUREMENTS,),
        "released": (),
    }
    licence = "none needed: generated"
    source = "our own draws; the authors' are others, from the same distribution"
    released: ClassVar[bool]

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=0))
        uniforms = random.random((cls.rows, 3))
        prior = inverse_gamma.quantile(uniforms[:, :2], *quantum_system.META_PRIOR)
        first, second = prior.T
        x = special.betaincinv(first, second, uniforms[:, 2])
        drive = quantum_system.drive_of(x, cls.released)
        probability = quantum_system.probabilities(drive)
        z = random.random(probability.shape) < probability
        arrays = {"prior": prior, "x": x, "z": z}
        released = np.full(cls.rows, cls.released, np.int64)
        floats = {name: values.astype(np.float32) for name, values in arrays.items()}
        return floats | {"released": released}
