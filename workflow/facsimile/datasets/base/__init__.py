"""Base classes of data sets, and helpers for their files; data sets of papers may import them."""
