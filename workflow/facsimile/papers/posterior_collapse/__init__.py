"""Posterior collapse in linear VAEs (Dang et al. 2024)."""
