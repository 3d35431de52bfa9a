"""Fifteen latents of simulated single cells, as the text says: the softmax runs over genes."""

from facsimile.datasets._sparse_shift import SoftmaxOverGenes


class SparseShift15Genes(SoftmaxOverGenes):
    """Fifteen latents; cells, genes and interventions as in ``SoftmaxOverGenes``."""

    name = "sparse_shift_15_genes"
    dimensions = 15
