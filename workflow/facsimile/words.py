"""How times, and what a scale leaves out, are said to a reader."""

from facsimile import names
from facsimile.presentation import Context

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


def departures(context: Context) -> list[str]:
    """How the scale departs from the study, a line a kind of departure: methods that depart alike stand together."""
    touched: dict[str, list[str]] = {}
    for departure in context.departures:
        touched.setdefault(departure.text, []).append(names.model(departure.model) if departure.model else "")
    return [": ".join(filter(None, [names.listed(models), text])) for text, models in touched.items()]
