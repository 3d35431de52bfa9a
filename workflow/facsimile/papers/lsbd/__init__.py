"""LSBD-VAE and D_LSBD (Tonnaer et al. 2022)."""
