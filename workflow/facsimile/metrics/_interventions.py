"""Points in which one factor is set to a value of one's choice."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.draws import Table

Rows = npt.NDArray[np.int64]


def intervened(
    table: Table, rows: Rows, factor: int, values: npt.ArrayLike, random: np.random.RandomState
) -> Rows:
    """Rows [n] of which a factor has the ``values`` ([n], or one for all) and the other factors are those of ``rows`` [n].

    Where the table is no grid: rows drawn, with replacement, from those that have the value, whatever their other factors.
    """
    if table.grid is not None:
        factors = table.factors[rows]
        factors[:, factor] = values
        return table.grid[np.ravel_multi_index(tuple(factors.T), table.sizes)]
    wanted, found = np.broadcast_to(np.asarray(values), rows.shape), np.empty(len(rows), np.int64)
    for value in np.unique(wanted):
        places = np.flatnonzero(wanted == value)
        found[places] = random.choice(
            np.flatnonzero(table.factors[:, factor] == value), size=len(places)
        )
    return found
