"""Atomic file writing, HDF5, YAML, hashes, units, and discovery of code by file name."""
