"""Gaussian data of rank three."""

from facsimile.datasets._linear_rank import LinearRank


class LinearRankThree(LinearRank):
    """Three directions of 20."""

    name = "linear_rank_3"
    rank = 3
