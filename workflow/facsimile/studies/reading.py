"""Read a study file and check it."""

import functools
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from facsimile.foundation.file_errors import FileError, raise_all
from facsimile.foundation.yamlfile import Document
from facsimile.studies import problems
from facsimile.studies.study import Study
from facsimile.studies.validation import Validated

# Environment variable with the hashes of studies that need no check against the code: Snakemake has
# just checked them, and a second time takes as long as a small job.
CHECKED = "FACSIMILE_CHECKED_STUDIES"
# For keys that are missing or not valid, so that the rest of a study can be checked.
PLACEHOLDERS = {
    "title": "",
    "authors": "",
    "year": 0,
    "venue": "",
    "seeds": 1,
    "evaluation": {"train": 1, "test": 1},
}


def load(path: Path) -> Study:
    """Read and check one study file.

    Raises FileError with the file, the line, what is wrong and what would be right; FileErrors if
    several things are wrong.
    """
    try:
        status = path.stat()
        return _load(path, (status.st_mtime_ns, status.st_size))
    except OSError as error:
        raise FileError(path, 1, f"cannot be read: {error.strerror}") from None


@functools.lru_cache(maxsize=64)  # reading a large study takes a tenth of a second
def _load(path: Path, _state: tuple[int, int]) -> Study:
    """``_state`` changes if the file does, so that an old study is not taken from the cache."""
    document = Document(path)
    if not isinstance(document.data, dict):
        raise document.error((), "a study is a mapping of keys; see config/README.md")
    errors = document.misread_errors()
    validated = Validated(document, Study, PLACEHOLDERS | {"id": path.parent.name})
    errors += [document.error(*error) for error in validated.errors]
    is_checked = _digest(path) in os.environ.get(CHECKED, "").split()
    if validated.valid is not None and not is_checked:
        errors += [document.error(*problem) for problem in _problems(path, validated)]
    raise_all(errors)
    study: Study = validated.valid
    return study


def trust_in_jobs(files: Iterable[Path]) -> None:
    """Let processes that this one starts use these studies, just read, without a second check."""
    os.environ[CHECKED] = " ".join(sorted(_digest(file) for file in files))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _problems(path: Path, validated: Validated) -> list[problems.Problem]:
    """Return the problems of the valid parts of a study, with their location in the file."""
    study: Study = validated.valid
    folder = path.parent.name
    mistakes = problems.of(study)
    # Other code finds a study by the name of its folder.
    if study.id != folder:
        message = (
            f"the study in {path} must have the id {folder!r}, the name of its folder, "
            f"not {study.id!r}"
        )
        mistakes.insert(0, (("id",), message))
    in_file: list[problems.Problem] = []
    for location, message in mistakes:
        if not validated.explains(message):
            in_file.append((validated.in_file(location), message))
    return in_file
