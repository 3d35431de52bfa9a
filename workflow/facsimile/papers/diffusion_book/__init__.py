"""Lai et al. 2025, The principles of diffusion models: their identities on exact laws."""
