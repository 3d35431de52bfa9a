"""Data as scripts: a page that is opened from disk may load scripts, and nothing else."""

import json
import math
from typing import Any


def script(name: str, value: Any) -> bytes:
    """A script that gives the page ``value`` under a name; browsers read JSON in a string faster than the same literal."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"facsimile.give({json.dumps(name)}, JSON.parse({json.dumps(text, ensure_ascii=False)}));\n".encode()


def number(value: float, digits: int = 6) -> float | None:
    """A number with so many significant digits, None (JSON's null) for NaN and infinities."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
