"""IGNITE: surrogates with a small gradient norm for offline optimisation (Dao et al. 2024)."""
