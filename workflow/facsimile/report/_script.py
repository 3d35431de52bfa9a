"""Data as scripts: a page that is opened from disk may load scripts, but not fetch files."""

import json
import math
from typing import Any

Json = dict[str, Any]  # an object for a page: a variable of its templates, or data of its scripts


def script(name: str, value: Any) -> bytes:
    """A script that gives the page ``value`` under a name.

    The value is JSON in a string, which browsers read faster than the same value as a literal.
    """
    text = json.dumps(
        value,
        ensure_ascii=False,
        # NaN is not JSON: use ``number`` below.
        allow_nan=False,
        separators=(",", ":"),
    )
    literal = json.dumps(text, ensure_ascii=False)
    return f"facsimile.give({json.dumps(name)}, JSON.parse({literal}));\n".encode()


def number(value: float, digits: int = 6) -> float | None:
    """Round to ``digits`` significant digits; None (JSON's null) for NaN and infinities."""
    if not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")
