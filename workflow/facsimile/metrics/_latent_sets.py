"""The latents of each factor, as Reddy et al. 2022 pick them: those most robust by IRS."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import irs
from facsimile.metrics.base.conventions import CORRECTED, DLIB
from facsimile.metrics.base.draws import Draws

FORK = "dlib-fork"
RHO = 7  # of the released code
CONVENTIONS = {
    CORRECTED: "each factor's rho latents of the highest interventional robustness "
    "(disentanglement_lib's matrix)",
    FORK: "causal-disentanglement/disentanglement_lib 38622ff with numpy up to 1.26: the best "
    "latent, and in place of the next best ones every rho-th latent in the order of storage, "
    "counted from the last",
}


def of_factors(
    draws: Draws,
    rho: int,
    convention: str,
) -> list[set[int]]:
    """Columns of the codes that encode each of the k factors.

    Each set has rho columns, or fewer if fewer codes vary.
    """
    active, robustness = draws.shared("latent sets", lambda: _robustness(draws))
    pick = _strided if convention == FORK else _best
    sets = []
    for column in robustness.T:
        sets.append({int(active[i]) for i in pick(column, rho)})
    return sets


def _robustness(draws: Draws) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Latents that vary, and their robustness [active, k] while each factor is held fixed."""
    codes = draws.train.codes
    active = np.flatnonzero(np.ptp(codes, axis=0) > 0)
    if not len(active):
        return active, np.zeros((0, draws.train.factors.shape[1]))
    matrix, _ = irs.robustness(codes[:, active], irs.values(draws, DLIB), irs.QUANTILE)
    return active, matrix


def _best(column: npt.NDArray[np.float64], rho: int) -> npt.NDArray[np.intp]:
    """The rho highest; of equal ones, the first."""
    return np.argsort(-column, kind="stable")[:rho]


def _strided(column: npt.NDArray[np.float64], rho: int) -> npt.NDArray[np.intp]:
    """``np.argpartition(column, -1)[::-rho][:rho]`` as in numpy 1.16 to 1.26, on any processor.

    To find the highest alone, numpy swaps the (last) highest with the last entry and leaves the
    rest in place; up to three entries are sorted.
    """
    if len(column) <= 3:
        return np.argsort(column, kind="stable")[::-rho][:rho]
    order = np.arange(len(column))
    best = len(column) - 1 - int(column[::-1].argmax())
    order[[best, -1]] = order[[-1, best]]
    return order[::-rho][:rho]
