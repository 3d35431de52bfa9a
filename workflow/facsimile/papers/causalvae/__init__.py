"""CausalVAE (Yang et al. 2021)."""
