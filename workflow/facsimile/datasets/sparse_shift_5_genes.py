"""Five latents of simulated single cells, as the text says: the softmax runs over genes."""

from facsimile.datasets._sparse_shift import SoftmaxOverGenes


class SparseShift5Genes(SoftmaxOverGenes):
    """Five latents; cells, genes and interventions as in ``SoftmaxOverGenes``."""

    name = "sparse_shift_5_genes"
    dimensions = 5
