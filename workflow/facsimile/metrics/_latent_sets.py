"""The latents that stand for each factor, as Reddy et al. 2022 pick them: those most robust to the other factors (IRS)."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import irs
from facsimile.metrics.base.conventions import CORRECTED, DLIB
from facsimile.metrics.base.draws import Draws

FORK = "dlib-fork"
RHO = 7  # of the released code
CONVENTIONS = {
    CORRECTED: "each factor's rho latents of the highest interventional robustness (disentanglement_lib's matrix)",
    FORK: "causal-disentanglement/disentanglement_lib 38622ff with numpy up to 1.26: the best latent, and instead of the "
    "next best every rho-th one in the order of storage, counted from the last",
}


def of_factors(draws: Draws, rho: int, convention: str) -> list[set[int]]:
    """Columns of the codes that stand for each of the k factors: rho or fewer of those that vary, none of constant codes."""
    active, robustness = draws.shared("latent sets", lambda: _robustness(draws))
    pick = _strided if convention == FORK else _best
    return [{int(active[i]) for i in pick(column, rho)} for column in robustness.T]


def _robustness(draws: Draws) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Latents that vary, and their robustness [active, k] in holding each factor."""
    codes = draws.train.codes
    active = np.flatnonzero(np.ptp(codes, axis=0) > 0)
    if not len(active):
        return active, np.zeros((0, draws.train.factors.shape[1]))
    return active, irs.robustness(codes[:, active], irs.values(draws, DLIB), irs.QUANTILE)[0]


def _best(column: npt.NDArray[np.float64], rho: int) -> npt.NDArray[np.intp]:
    """The rho highest, of equal ones those that come first."""
    return np.argsort(-column, kind="stable")[:rho]


def _strided(column: npt.NDArray[np.float64], rho: int) -> npt.NDArray[np.intp]:
    """``np.argpartition(column, -1)[::-rho][:rho]`` as numpy has it from 1.16 to 1.26, on every processor.

    Asked for the highest alone, it swaps the (last) highest with the last and leaves the rest; up to three it sorts.
    """
    if len(column) <= 3:
        return np.argsort(column, kind="stable")[::-rho][:rho]
    order = np.arange(len(column))
    best = len(column) - 1 - int(column[::-1].argmax())
    order[[best, -1]] = order[[-1, best]]
    return order[::-rho][:rho]
