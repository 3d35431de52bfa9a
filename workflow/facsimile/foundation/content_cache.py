"""Values computed from the contents of files, kept between processes.

Parsing all modules of a study takes seconds. So what was read off a file's content is kept in a
file beside the byte code, under a hash of that content.
"""

import functools
import hashlib
import json
import sys
from collections.abc import Callable
from multiprocessing import util
from pathlib import Path
from typing import Any

from facsimile.foundation import atomic

FOLDER = Path(__file__).parent / "__pycache__"
# So many values are kept: those of the package's files, with a few hundred earlier versions.
LIMIT = 2000


class ContentCache:
    """Computes a value from the content of a file, and keeps it for later processes.

    Attributes:
        file: Where values are kept.
        compute: Content of a file -> its value, which JSON can hold.
        code: The Python file of ``compute``: after an edit of it, values are computed again.
    """

    def __init__(self, file: Path, compute: Callable[[bytes], Any], code: str) -> None:
        self.file = file
        self.compute = compute
        self._code = Path(code)
        # Key -> a value that this process computed.
        self._new: dict[str, Any] = {}

    def value(self, content: bytes) -> Any:
        """Return the value of a content; raises what ``compute`` raises."""
        key = hashlib.sha256(self._version + content).hexdigest()
        if key not in self._kept:
            self._kept[key] = self._new[key] = self.compute(content)
        return self._kept[key]

    def keep(self) -> None:
        """Write what was computed, for processes that start before this one ends."""
        if not self._new:
            return
        # Other processes may have written since this one read the file.
        all_values = self._read() | self._new
        newest = dict(list(all_values.items())[-LIMIT:])
        try:
            atomic.write_bytes(self.file, json.dumps(newest).encode())
        except OSError:
            # A package that only another user may change: the next process computes again.
            return
        self._new.clear()

    @functools.cached_property
    def _kept(self) -> dict[str, Any]:
        """Key -> a value that some process computed."""
        # At the end of this process, also of one that multiprocessing started, as atexit would not.
        util.Finalize(None, self.keep, exitpriority=0)
        return self._read()

    def _read(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.file.read_bytes()))
        except (OSError, ValueError, TypeError):
            # Not there yet, or damaged: everything is computed and written again.
            return {}

    @functools.cached_property
    def _version(self) -> bytes:
        """What a value depends on beside the content: its code, and this Python's parser."""
        return self._code.read_bytes() + sys.version.encode()


# Content caches of this process.
_caches: list[ContentCache] = []


def create(name: str, compute: Callable[[bytes], Any], code: str) -> ContentCache:
    """Create a cache beside the byte code of this package."""
    cache = ContentCache(FOLDER / f"{name}.json", compute, code)
    _caches.append(cache)
    return cache


def keep() -> None:
    """Write what this process computed, for processes that start before it ends."""
    for cache in _caches:
        cache.keep()
