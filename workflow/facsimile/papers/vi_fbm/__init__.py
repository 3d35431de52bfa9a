"""Variational inference for SDEs driven by fractional noise (Daems et al. 2024)."""
