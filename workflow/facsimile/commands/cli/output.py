"""Where commands print."""

from rich.console import Console

console = Console()
stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def log(message: str) -> None:
    """Print a line of a job's log at once: the log is read while the job runs."""
    print(message, flush=True)
