"""Beta-VAE Reproducibility: Challenges and Extensions (Fil et al. 2021)."""
