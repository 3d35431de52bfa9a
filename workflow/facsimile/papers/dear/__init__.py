"""Weakly supervised disentangled generative causal representation learning (Shen et al. 2022)."""
