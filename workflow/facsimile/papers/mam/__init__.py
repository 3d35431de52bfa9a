"""Marginalization models (Liu, Ramadge and Adams 2024)."""
