"""What is computed from the text of a module, kept beside its byte code in ``__pycache__``.

Parsing the modules behind a figure takes as long as drawing its panels. An entry holds the SHA-256
of the text that it was computed from, so that it is never used for another text. Like byte code,
it only saves time: a file that cannot be read or written is ignored.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

SUFFIX = ".code.json"


def cached(path: Path, version: str, compute: Callable[[str], Any]) -> Any:
    """Return ``compute(text of the module at path)``, a value that JSON has.

    ``version`` identifies ``compute`` itself: an entry of another version is not used.
    """
    source = path.read_bytes()
    digest = hashlib.sha256(version.encode() + source)
    key = digest.hexdigest()
    file = _file(path)
    entry = _read(file)
    if entry.get("key") == key:
        return entry["value"]
    value = compute(source.decode("utf-8"))
    # The user may have asked Python to write no byte code.
    if not sys.dont_write_bytecode:
        _write(file, {"key": key, "value": value})
    return value


def _file(path: Path) -> Path:
    """Return the file of an entry: per version of Python, as syntax trees differ."""
    return Path(importlib.util.cache_from_source(str(path), optimization="")).with_suffix(SUFFIX)


def _read(file: Path) -> dict[str, Any]:
    try:
        entry = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    is_whole = isinstance(entry, dict) and entry.keys() == {"key", "value"}
    return entry if is_whole else {}


def _write(file: Path, entry: dict[str, Any]) -> None:
    # Several processes may write the same entry. Not ``atomic``, which waits for the disk.
    temporary = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        temporary.write_text(json.dumps(entry))
        os.replace(temporary, file)
