"""Explanations as local function approximations (Han, Srinivas and Lakkaraju 2022)."""
