"""Naiman, Erichson, Ren, Mahoney and Azencot 2024, Koopman VAEs of time series."""
