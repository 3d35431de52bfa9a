"""Distribution transformers (Whittle et al. 2026)."""
