"""UC and CG of methods with and without labels (Reddy et al. 2022)."""
