"""Reports the progress of long reads and writes as lines on stderr, which a job's log keeps."""

import sys
import time
from collections.abc import Callable

INTERVAL = 10.0  # seconds between two lines


def lines(
    what: str,
    unit: str,
    per: int = 1,
    every: float = INTERVAL,
) -> Callable[[int, int | None], None]:
    """Return a function of (done, total or None) that prints ``what: 12 of 48 unit (25%)``.

    It prints at the first call, then at most once every ``every`` seconds, and at the end. Numbers
    are divided by ``per``, for example 10**6 to print MB for bytes.
    """
    last_printed: float | None = None

    def report(done: int, total: int | None) -> None:
        nonlocal last_printed
        now = time.monotonic()
        if last_printed is None or now - last_printed >= every or done == total:
            last_printed = now
            goal = "" if total is None else f" of {total / per:,.0f}"
            share = f" ({done / total:.0%})" if total else ""
            line = f"{what}: {done / per:,.0f}{goal} {unit}{share}"
            print(line, file=sys.stderr, flush=True)

    return report
