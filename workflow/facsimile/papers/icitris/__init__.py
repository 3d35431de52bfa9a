"""iCITRIS (Lippe et al. 2023)."""
