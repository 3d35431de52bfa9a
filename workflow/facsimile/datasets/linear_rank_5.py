"""Gaussian data of rank five."""

from facsimile.datasets._linear_rank import LinearRank


class LinearRankFive(LinearRank):
    """Five directions of 20."""

    name = "linear_rank_5"
    rank = 5
