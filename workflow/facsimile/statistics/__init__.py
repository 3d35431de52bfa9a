"""Estimates with intervals, rank agreement, variance shares; independent of studies and runs."""
