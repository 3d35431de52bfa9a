"""A function in a file of the user, named on a command line as ``my_file.py:encode``."""

import difflib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from facsimile.foundation import discover


class UserFileError(ValueError):
    """A user's file that cannot be run; the message has its path and, if known, the line."""


def load(place: str) -> Any:
    """What a name stands for after a file was run; ``place`` is ``path/to/file.py:name``.

    Modules beside the file can be imported by it. Raises ValueError for another form of ``place``
    and for a name that the file does not define, FileNotFoundError, and UserFileError if the file
    fails.
    """
    file, colon, name = place.rpartition(":")
    if not colon or not name.isidentifier() or not file.endswith(".py"):
        raise ValueError(
            f"{place}: give a Python file and the name of a function in it, as in my_file.py:encode"
        )
    path = Path(file)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file{_nearest(path)}")
    module = _run(path)
    if not hasattr(module, name):
        public = [known for known, value in vars(module).items() if _may_be_meant(known, value)]
        raise discover.UnknownName(f"function in {path} called", name, public)
    return getattr(module, name)


def _run(path: Path) -> ModuleType:
    """Run a file as a module."""
    module_name = f"user_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Classes look up the module that defines them, dataclasses among others.
    sys.modules[module_name] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserFileError(_described(path, error)) from error
    return module


def _described(path: Path, error: Exception) -> str:
    """The error of a user's file, with the last line of this file that was run."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename) == path.resolve():
            line = frame.lineno
    place = f"{path}:{line}" if line else f"{path}"
    text = error.msg if isinstance(error, SyntaxError) else error
    return f"{place}: {type(error).__name__}: {text}"


def _nearest(path: Path) -> str:
    """The Python file with the most similar name in the folder, as a question."""
    names = [other.name for other in path.parent.glob("*.py")]
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    return f"; did you mean {path.with_name(near[0])}?" if near else ""


def _may_be_meant(name: str, value: Any) -> bool:
    """Whether a name is one of the file's own that can be called."""
    is_public = not name.startswith("_")
    return is_public and callable(value) and not isinstance(value, type)
