"""Facsimile: re-makes the tables and figures of representation-learning papers.

``facsimile.dataset(name)`` opens a data set, ``facsimile.study(id, scale)`` answers the runs of a study, and
``facsimile.score`` and ``facsimile.score_draws`` score latents of your own. Each is imported when it is first asked for: the
workflow reads study files every time that it starts, and must not wait for NumPy, numba or torch.
"""

import importlib
from typing import Any

_PUBLIC = {
    "dataset": "facsimile.datasets",
    "score": "facsimile.metrics",
    "score_draws": "facsimile.metrics",
    "study": "facsimile.scoring.collect",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(
        f"module 'facsimile' has no attribute {name!r}; it has: {', '.join(_PUBLIC)}"
    )


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
