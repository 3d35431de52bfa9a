"""One request for a file, or for the rest of one: what a server answers, and which failures are worth another attempt."""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

TIMEOUT = 60.0  # seconds without a byte until a connection is given up
_BLOCK = 2**20
_FOR_GOOD = {400, 401, 403, 404, 405, 410, 451}  # answers that asking again does not change
_HEADERS = {"User-Agent": "facsimile (Python urllib)", "Accept-Encoding": "identity"}


class Broken(Exception):
    """A connection that failed or ended early; ``for_good`` if the address has to be given up."""

    def __init__(self, reason: object, for_good: bool = False) -> None:
        super().__init__(str(reason))
        self.for_good = for_good


@dataclass(frozen=True)
class Answer:
    """Bytes from ``first`` on, how many the whole file has (None: not said), and which version of it they are of."""

    first: int
    total: int | None
    version: str
    blocks: Iterator[bytes]


@contextmanager
def ask(address: str, have: int = 0, version: str = "") -> Iterator[Answer]:
    """Ask for a file, or for what follows ``have`` bytes of it, provided that it is still the same ``version``.

    A server that knows no ranges, or has another version by now, answers with the whole file. Raises Broken.
    """
    headers = (
        _HEADERS
        | ({"Range": f"bytes={have}-"} if have else {})
        | ({"If-Range": version} if have and version else {})
    )
    try:
        response = urllib.request.urlopen(
            urllib.request.Request(address, headers=headers), timeout=TIMEOUT
        )
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 416:
                raise Broken(
                    f"HTTP {error.code} {error.reason}", for_good=error.code in _FOR_GOOD
                ) from None
            yield _nothing_more(error, have)
            return
    except (OSError, http.client.HTTPException) as error:
        raise Broken(getattr(error, "reason", None) or error) from None
    with response:
        yield _answer(response, have)


def _answer(response: Any, have: int) -> Answer:
    if response.status != 206:
        length = response.headers.get("Content-Length")
        return Answer(0, int(length) if length else None, _version(response), _blocks(response))
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if not found or int(found[1]) != have:
        stated = response.headers.get("Content-Range")
        raise Broken(
            f"bytes from {have} on were asked for, the server says that it sends {stated}",
            for_good=True,
        )
    return Answer(
        have, None if found[2] == "*" else int(found[2]), _version(response), _blocks(response)
    )


def _nothing_more(error: Any, have: int) -> Answer:
    """416: the file does not go on after ``have`` bytes; then it has just as many, or what is here is not of it."""
    found = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range", ""))
    total = int(found[1]) if found else 0
    return Answer(have if total == have else 0, total, _version(error), iter(()))


def _version(response: Any) -> str:
    """By what ``If-Range`` recognises a version: the ETag, unless it is a weak one, else the date of the last change."""
    tag = str(response.headers.get("ETag") or "")
    return (
        tag
        if tag and not tag.startswith("W/")
        else str(response.headers.get("Last-Modified") or "")
    )


def _blocks(response: Any) -> Iterator[bytes]:
    while True:
        try:
            block = response.read(_BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise Broken(error) from None
        if not block:
            return
        yield block
