"""Exact samples of Ising models on a torus, and exact marginals."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.mam.ising import Torus

LABELS = {
    "ising_4": "Ising, 4 x 4",
    "ising_10": "Ising, 10 x 10",
}
MEMBERS = {
    "ising_4": {"side": 4, "rows": 2000, "least": 1},
    "ising_10": {"side": 10, "rows": 2000, "least": 2},
}
INTERACTION, BIAS = 0.1, 0.2  # mam/config/config_ising_eb.yaml


class Ising(Arrays):
    """Exact samples of an Ising model, and the probabilities of some of their spins.

    Liu, Ramadge and Adams 2024, section on energy-based training; log f as in ``ising.py``. The
    authors draw 2,000 samples by a million steps of Gibbs sampling; these are by transfer matrix.

    Arrays: ``x`` [side²], spins -1 and +1; ``energy`` [2], a and b, and ``log_z``, all the same in
    all rows; ``log_p``, log-probability of x; ``query`` [side²], the spins of x of which some
    fifths or all are known, and 0 elsewhere; ``log_marginal``, log-probability of those spins. All
    logarithms are natural. With 100 sites, exact marginals of a fifth would take too long.
    """

    licence = "none needed: generated"
    source = "our own draws; settings of PrincetonLIPS/MaM, mam/config/config_ising_eb.yaml"
    side: ClassVar[int]
    least: ClassVar[int]  # fifths of the spins that are known in a query, at least

    def __init_subclass__(cls) -> None:
        sites = cls.side**2
        cls.shapes = {
            "x": (sites,),
            "energy": (2,),
            "log_z": (),
            "log_p": (),
            "query": (sites,),
            "log_marginal": (),
        }

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        torus = Torus(cls.side, INTERACTION, BIAS)
        random = np.random.Generator(np.random.Philox(key=0))
        uniforms = random.random((cls.rows, cls.side))
        x = torus.draw(uniforms)
        keys = random.random(x.shape)
        ranks = keys.argsort(1).argsort(1)
        fifths = cls.least + np.arange(cls.rows) % (6 - cls.least)
        known = np.round(torus.sites * fifths / 5)
        is_known = ranks < known[:, None]
        query = np.where(is_known, x, 0)
        log_marginal = np.array([torus.log_marginal(row) for row in query])
        energy = np.array([INTERACTION, BIAS])
        arrays = {
            "x": x,
            "energy": np.tile(energy, (cls.rows, 1)),
            "log_z": np.full(cls.rows, torus.log_z),
            "log_p": torus.log_weight(x) - torus.log_z,
            "query": query,
            "log_marginal": log_marginal,
        }
        return {name: values.astype(np.float32) for name, values in arrays.items()}
