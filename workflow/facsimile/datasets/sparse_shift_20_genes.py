"""Twenty latents of simulated single cells, as the text says: the softmax runs over genes."""

from facsimile.datasets._sparse_shift import SoftmaxOverGenes


class SparseShift20Genes(SoftmaxOverGenes):
    """Twenty latents; cells, genes and interventions as in ``SoftmaxOverGenes``."""

    name = "sparse_shift_20_genes"
    dimensions = 20
