"""MAID, inexact bilevel learning with adaptive accuracy (Salehi et al. 2025)."""
