"""Joy et al. 2021: capturing label characteristics in VAEs."""
