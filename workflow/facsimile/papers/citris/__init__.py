"""Sparse mechanism shift modelling (Lopez et al. 2023)."""
