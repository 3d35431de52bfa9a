"""Files of one array with a binary header, gzipped or not, in which old data sets are published."""

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
    """The file to read; raises DatasetError that names it where there is none, or where it is truncated or no such ``kind``."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield cast(IO[bytes], file)
    except FileNotFoundError:
        raise DatasetError(f"{path}: there is no such file") from None
    except (OSError, EOFError, ValueError, zlib.error, struct.error) as error:
        raise DatasetError(
            f"{path}: truncated, altered or no {kind} ({error}); download it again"
        ) from None
