"""Canonical JSON and its hash: equal values give equal bytes, however they were written."""

import hashlib
import json
from typing import Any


def canonical(value: Any) -> Any:
    """Return plain data with each number in one form: 1.0 becomes 1, so both name the same run."""
    if isinstance(value, dict):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    # YAML reads "1" as an integer and "1.0" as a float.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def dumps(value: Any) -> str:
    """Return canonical JSON: sorted keys, no spaces; raises ValueError for NaN."""
    return json.dumps(
        canonical(value),
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )


def hash8(value: Any) -> str:
    """Return the first 8 hexadecimal digits of the SHA-256 of the canonical JSON."""
    digest = hashlib.sha256(dumps(value).encode())
    return digest.hexdigest()[:8]
