"""Building blocks of tables; papers may import them."""
