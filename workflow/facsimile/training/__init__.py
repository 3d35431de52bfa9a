"""The training loop, runs trained one by one or in packs, and their encoding."""
