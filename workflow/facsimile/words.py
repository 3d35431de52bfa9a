"""Times in words."""

HOUR, DAY = 3600, 86_400


def duration(seconds: float) -> str:
    """Seconds as two units that a person reads: 3 d 4 h, 2 h 5 min, 12 s."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / 60:.0f} min"
    if seconds < DAY:
        return f"{seconds // HOUR:.0f} h {seconds % HOUR / 60:.0f} min"
    return f"{seconds // DAY:,.0f} d {seconds % DAY / HOUR:.0f} h"
