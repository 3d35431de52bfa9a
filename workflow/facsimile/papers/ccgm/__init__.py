"""Causal counterfactual generative model, whose edges are cut (Bhat et al. 2022)."""
