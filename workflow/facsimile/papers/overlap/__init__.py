"""Overlooked Implications of the Reconstruction Loss (Michlo et al. 2023)."""
