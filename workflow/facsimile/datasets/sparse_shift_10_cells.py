"""Ten latents of simulated single cells, as the released code makes them: the softmax runs over cells."""

from facsimile.datasets._sparse_shift import SoftmaxOverCells


class SparseShift10Cells(SoftmaxOverCells):
    """Ten latents; cells, genes and interventions as in ``SoftmaxOverCells``."""

    name = "sparse_shift_10_cells"
    dimensions = 10
