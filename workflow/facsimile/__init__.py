"""Facsimile: re-makes the tables and figures of representation-learning papers.

``facsimile.dataset(name)`` opens a data set, ``facsimile.study(id, scale)`` returns the runs of a
study as a table, ``facsimile.score`` and ``facsimile.score_draws`` score latents of your own, and
``facsimile.evaluate`` a trained encoder.
Each function is imported on first use: the workflow reads study files whenever it starts, and
should not wait for NumPy, numba or torch.
"""

import importlib
from typing import Any

from facsimile.foundation import extras

__version__ = "0.1.0"

# Name -> module that defines it.
_PUBLIC = {
    "dataset": "facsimile.datasets",
    "draws": "facsimile.scoring.drawn_rows",
    "evaluate": "facsimile.scoring.evaluate",
    "score": "facsimile.metrics",
    "score_draws": "facsimile.metrics",
    "study": "facsimile.scoring.collect",
    "torch_encoder": "facsimile.scoring.torch_encoder",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        with extras.required_by(f"facsimile.{name}"):
            module = importlib.import_module(_PUBLIC[name])
        return getattr(module, name)
    available = ", ".join(_PUBLIC)
    raise AttributeError(f"module 'facsimile' has no attribute {name!r}; it has: {available}")


def __dir__() -> list[str]:
    return sorted([*_PUBLIC, "__version__"])
