"""Cauchy-Schwarz divergence information bottleneck (Yu et al. 2024)."""
