"""Building blocks of metrics, which papers may import."""
