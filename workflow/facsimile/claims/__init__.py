"""Statistics that claims are judged by: one file each, found by its name; comparison/claims.py judges."""

from facsimile.claims.base.statistic import Finding, Statistic

__all__ = ["Finding", "Statistic"]
