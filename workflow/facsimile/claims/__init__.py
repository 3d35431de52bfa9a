"""Statistics that decide claims: one file each, found by its name.

comparison/claims.py computes them and gives the verdicts.
"""

from facsimile.claims.base.statistic import Statistic, StatisticResult

__all__ = ["Statistic", "StatisticResult"]
