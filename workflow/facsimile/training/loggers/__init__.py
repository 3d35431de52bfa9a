"""Send training curves to other programs while runs are trained: one file per program.

A logger is a module with a function ``start(run, folder)``. ``run`` says what is trained (``key``,
``dataset``, ``model``, ``params``, ``seed``, ``steps``), ``folder`` is where files may be written.
It returns an object with two methods: ``log(step, values)``, called for each recorded step with the
losses and traces by name, and ``close()``. The key ``loggers`` of the configuration names files of
this folder, or importable modules of your own.

A run that is resumed is logged from its first step again: the process before it may have been
killed at any time.
"""

import contextlib
import importlib
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from facsimile.foundation import discover
from facsimile.foundation.log import Log

SHIPPED = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


class CurveLogger(Protocol):
    """What ``start`` of a logger returns."""

    def log(
        self,
        step: int,
        values: Mapping[str, float],
    ) -> None:
        """Take the losses and traces of a recorded step."""

    def close(self) -> None:
        """End: the run is finished, has failed, or was interrupted."""


def modules(
    names: Sequence[str],
) -> dict[str, ModuleType]:
    """Import loggers by name.

    Raises UnknownName for a name that no logger has, and ModuleNotFoundError, which says what to
    install, for a library that is missing.
    """
    return {name: _module(name) for name in names}


def _module(name: str) -> ModuleType:
    if name not in SHIPPED:
        # A package of the name's first part would be imported to look for the rest.
        if importlib.util.find_spec(name.partition(".")[0]) is None:
            raise discover.UnknownName("logger", name, SHIPPED)
        return importlib.import_module(name)
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"the logger {name} needs {error.name}, which is not installed: pip install {name}; "
            "or take it out of loggers in the configuration",
            name=error.name,
        ) from None


class Curves:
    """The curves of one run, on their way to loggers.

    A logger that fails is reported once and left out, because training is worth more.
    """

    def __init__(
        self,
        names: Sequence[str],
        run: Mapping[str, Any],
        folder: Path,
        log: Log,
    ) -> None:
        """Start the named loggers; each gets its own folder below ``folder``."""
        self._key = run["key"]
        self._log = log
        self._sent = 0
        self._loggers: dict[str, CurveLogger] = {}
        for name, module in modules(names).items():
            with self._reported(name):
                self._loggers[name] = module.start(run, folder / name)

    def update(
        self,
        history: Sequence[Mapping[str, float]],
    ) -> None:
        """Send what was recorded since the last call; ``history`` has all rows so far."""
        if not self._loggers or len(history) == self._sent:
            return
        for name, logger in list(self._loggers.items()):
            with self._reported(name):
                for row in history[self._sent :]:
                    values = {key: value for key, value in row.items() if key != "step"}
                    logger.log(int(row["step"]), values)
        self._sent = len(history)

    def close(self) -> None:
        """End all loggers."""
        for name, logger in list(self._loggers.items()):
            with self._reported(name):
                logger.close()
        self._loggers.clear()

    @contextlib.contextmanager
    def _reported(self, name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._loggers.pop(name, None)
            self._log(f"{self._key}: the logger {name} failed and is left out: {error!r}")
