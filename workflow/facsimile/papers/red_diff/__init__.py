"""Inverse problems with a diffusion prior whose denoiser is exact (Mardani et al. 2024)."""
