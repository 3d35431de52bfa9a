"""Programmable variational inference (Becker et al. 2024)."""
