"""Estimates with intervals, rank agreement, shares of variance; knows nothing of studies or runs."""
