"""Runs on disk: records, checkpoints, leases, latents and stored scores."""
