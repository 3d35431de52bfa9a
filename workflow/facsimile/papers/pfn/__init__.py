"""Prior-data fitted networks (Müller et al. 2022)."""
