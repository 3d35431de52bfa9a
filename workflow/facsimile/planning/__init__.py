"""The configuration of this machine, where results lie, what runs cost, and what Snakemake asks."""
