"""Ten latents of simulated single cells, as the text says: the softmax runs over genes."""

from facsimile.datasets._sparse_shift import SoftmaxOverGenes


class SparseShift10Genes(SoftmaxOverGenes):
    """Ten latents; cells, genes and interventions as in ``SoftmaxOverGenes``."""

    name = "sparse_shift_10_genes"
    dimensions = 10
