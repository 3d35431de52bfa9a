"""Statistical mechanics of continual learning (Li, Huang, Zou, Huang 2023)."""
