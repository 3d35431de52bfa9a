"""Isolating sources of disentanglement in VAEs (Chen et al. 2018)."""
