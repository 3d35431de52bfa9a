"""Twenty latents of simulated single cells, as the released code makes them: the softmax runs over cells."""

from facsimile.datasets._sparse_shift import SoftmaxOverCells


class SparseShift20Cells(SoftmaxOverCells):
    """Twenty latents; cells, genes and interventions as in ``SoftmaxOverCells``."""

    name = "sparse_shift_20_cells"
    dimensions = 20
