"""Gaussian data of rank eight."""

from facsimile.datasets._linear_rank import LinearRank


class LinearRankEight(LinearRank):
    """Eight directions of 20."""

    name = "linear_rank_8"
    rank = 8
