"""Distributed methods with compressed communication (Beznosikov et al. 2022)."""
