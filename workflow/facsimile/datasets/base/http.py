"""A single HTTP request for a file, or for the rest of one, and which failures are permanent."""

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
_PERMANENT = {400, 401, 403, 404, 405, 410, 451}  # status codes that another attempt cannot change
# "identity": a compressed response could not be resumed by its position in the file.
_HEADERS = {"User-Agent": "facsimile (Python urllib)", "Accept-Encoding": "identity"}


class TransferError(Exception):
    """A connection failed or ended early; ``permanent`` if another attempt is useless."""

    def __init__(self, reason: object, permanent: bool = False) -> None:
        super().__init__(str(reason))
        self.permanent = permanent


@dataclass(frozen=True)
class Response:
    """What a server sends of a file.

    ``first``: position of the first byte that it sends. ``total``: bytes of the whole file, None if
    unknown. ``version``: which version of the file the bytes belong to. ``blocks``: the bytes.
    """

    first: int
    total: int | None
    version: str
    blocks: Iterator[bytes]


@contextmanager
def request(
    address: str,
    have: int = 0,
    version: str = "",
) -> Iterator[Response]:
    """Request a file, or the rest of it after the first ``have`` bytes.

    ``version``: the version that those bytes belong to. A server that does not support ranges, or
    has another version by now, sends the whole file. Raises TransferError.
    """
    headers = dict(_HEADERS)
    if have:
        headers["Range"] = f"bytes={have}-"
        if version:
            headers["If-Range"] = version
    try:
        response = urllib.request.urlopen(
            urllib.request.Request(address, headers=headers),
            timeout=TIMEOUT,
        )
    except urllib.error.HTTPError as error:
        with error:
            # 416 is a valid response: there are no more bytes to send.
            if error.code != 416:
                permanent = error.code in _PERMANENT
                raise TransferError(f"HTTP {error.code} {error.reason}", permanent) from None
            yield _range_beyond_end(error, have)
            return
    except (OSError, http.client.HTTPException) as error:
        raise TransferError(getattr(error, "reason", None) or error) from None
    with response:
        yield _response(response, have)


def _response(response: Any, have: int) -> Response:
    version, blocks = _version(response), _blocks(response)
    # 206: a part of the file. Any other status that gets here: the whole file.
    if response.status != 206:
        length = response.headers.get("Content-Length")
        total = int(length) if length else None
        return Response(0, total, version, blocks)
    content_range = response.headers.get("Content-Range")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", content_range or "")
    if not match or int(match[1]) != have:
        raise TransferError(
            f"requested bytes from {have} on, but the server sends {content_range}",
            permanent=True,
        )
    total = None if match[2] == "*" else int(match[2])
    return Response(have, total, version, blocks)


def _range_beyond_end(error: Any, have: int) -> Response:
    """Status 416: the file has no bytes after the first ``have``.

    If it has exactly ``have`` bytes, it is complete; else what is here already is not of this file.
    """
    content_range = error.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes \*/(\d+)", content_range)
    total = int(match[1]) if match else 0
    first = have if total == have else 0
    return Response(first, total, _version(error), iter(()))


def _version(response: Any) -> str:
    """What ``If-Range`` recognises a version by: the ETag or, if it is weak, the last change."""
    tag = str(response.headers.get("ETag") or "")
    if tag and not tag.startswith("W/"):
        return tag
    return str(response.headers.get("Last-Modified") or "")


def _blocks(response: Any) -> Iterator[bytes]:
    while True:
        try:
            block = response.read(_BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise TransferError(error) from None
        if not block:
            return
        yield block
