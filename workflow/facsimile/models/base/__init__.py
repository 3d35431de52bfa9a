"""Base classes and building blocks of models; papers may import them."""
