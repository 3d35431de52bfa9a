"""Compares published numbers and claims with our results, and gives verdicts."""
