"""Files written whole or not at all, HDF5, YAML, hashes, units, and finding code by the name of its file."""
