"""CITRIS (Lippe et al. 2022)."""
