"""Building blocks of figures; papers may import them."""
