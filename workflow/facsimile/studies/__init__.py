"""A paper as one YAML file: what it states, and the runs, shards and evaluations that follow."""
