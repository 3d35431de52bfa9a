"""Points in which one factor is set to a chosen value."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.draws import Rows, Table


def intervened(
    table: Table,
    rows: Rows,
    factor: int,
    values: npt.ArrayLike,
    random: np.random.RandomState,
) -> Rows:
    """Rows [n] in which a factor has the given values and all others are those of ``rows`` [n].

    ``values`` are [n], or one value for all. If the table is not a grid, the result is sampled with
    replacement from the rows that have the value, whatever their other factors.
    """
    if table.grid is not None:
        factors = table.factors[rows]
        factors[:, factor] = values
        return table.grid[np.ravel_multi_index(tuple(factors.T), table.sizes)]
    targets = np.broadcast_to(np.asarray(values), rows.shape)
    result = np.empty(len(rows), np.int64)
    for value in np.unique(targets):
        places = np.flatnonzero(targets == value)
        candidates = table.rows_with(factor, int(value))
        result[places] = random.choice(candidates, size=len(places))
    return result
