"""Says how far a long reading or writing is: a line on stderr now and then, which a job's log keeps."""

import sys
import time
from collections.abc import Callable

EVERY = 10.0  # seconds between two lines


def lines(
    what: str, unit: str, per: int = 1, every: float = EVERY
) -> Callable[[int, int | None], None]:
    """A function of (done, total or None) that says ``what: 12 of 48 unit (25 %)``, at once, every few seconds and at the end.

    Numbers are divided by ``per``: 10**6 makes MB of bytes.
    """
    said: float | None = None

    def say(done: int, total: int | None) -> None:
        nonlocal said
        now = time.monotonic()
        if said is None or now - said >= every or done == total:
            said = now
            of = "" if total is None else f" of {total / per:,.0f}"
            share = f" ({done / total:.0%})" if total else ""
            print(f"{what}: {done / per:,.0f}{of} {unit}{share}", file=sys.stderr, flush=True)

    return say
