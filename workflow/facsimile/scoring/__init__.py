"""Computes the scores of runs: the inputs of metrics, the scores of a shard, and their tables."""
