"""Published numbers and claims beside ours, with verdicts."""
