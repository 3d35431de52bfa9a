"""ARD-VAE (Saha et al. 2025)."""
