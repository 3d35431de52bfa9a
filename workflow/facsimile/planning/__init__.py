"""The configuration of this machine, the workspace, cost estimates, and targets for Snakemake."""
