"""Base classes and helpers of the statistics; papers may import them."""
