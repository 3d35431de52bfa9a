"""Durations and sizes as text."""

HOUR, DAY = 3600, 86_400


def duration(seconds: float) -> str:
    """Format seconds with at most two units: 3 d 4 h, 2 h 5 min, 12 s."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / 60:.0f} min"
    if seconds < DAY:
        return f"{seconds // HOUR:.0f} h {seconds % HOUR / 60:.0f} min"
    return f"{seconds // DAY:,.0f} d {seconds % DAY / HOUR:.0f} h"


def size(count: float) -> str:
    """Format bytes in the largest decimal unit that leaves a number of at least one: 1.2 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
