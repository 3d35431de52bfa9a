"""Canonical JSON and its hash: the same statement gives the same bytes, however it was written."""

import hashlib
import json
from typing import Any


def canonical(value: Any) -> Any:
    """Plain data with numbers in one form: 1.0 becomes 1, so that it names the same run as 1."""
    if isinstance(value, dict):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def dumps(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, no NaN."""
    return json.dumps(canonical(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def hash8(value: Any) -> str:
    """First 8 hexadecimal digits of the sha256 of the canonical JSON."""
    return hashlib.sha256(dumps(value).encode()).hexdigest()[:8]
