"""Challenging Common Assumptions (Locatello et al. 2019)."""
