"""ROOT: offline optimisation as a bridge from low to high designs (Dao et al. 2025)."""
