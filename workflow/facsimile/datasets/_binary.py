"""Opens the binary files, gzipped or not, in which old data sets are published."""

import gzip
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from facsimile.datasets.base.file import DatasetError


@contextmanager
def reading(path: Path, kind: str) -> Iterator[IO[bytes]]:
    """Open a file for reading; ``kind`` is the expected format in words, for error messages.

    Raises DatasetError that names the file if it is missing, truncated or of another kind; also for
    errors inside the ``with`` block that say so.
    """
    try:
        is_gzipped = path.suffix == ".gz"
        with gzip.open(path) if is_gzipped else path.open("rb") as file:
            yield cast(IO[bytes], file)
    except FileNotFoundError:
        raise DatasetError(f"{path}: there is no such file") from None
    except (OSError, EOFError, ValueError, zlib.error, struct.error) as error:
        raise DatasetError(
            f"{path}: truncated, altered or not {kind} ({error}); download it again"
        ) from None


def read_exactly(file: IO[bytes], size: int) -> bytes:
    """Read ``size`` bytes; raises EOFError if the file has fewer."""
    data = file.read(size)
    if len(data) != size:
        raise EOFError("it ends too early")
    return data
