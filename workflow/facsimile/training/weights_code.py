"""Which code decides the weights of a run, by content hash; needs no torch."""

import functools
from typing import Any

from facsimile.foundation import discover, provenance
from facsimile.studies.runs import Run

LOOP = "facsimile.training.loop"
PACKED = "facsimile.training.packed_step"
DECIDE = ("models/", "datasets/", "training/")
# Of those folders, what only checks values and never changes a number.
DO_NOT_DECIDE = ("models/base/hyper_parameters",)


def of(run: Run, packed: bool = False) -> dict[str, str]:
    """What decides a run's weights -> its hash: its model, its data set, and the training loop.

    How runs are stored, and which of several processes makes them, is not part of it.
    """
    return _code(run.model, run.dataset, packed)


def _code(model: str, dataset: str, packed: bool) -> dict[str, str]:
    modules = [LOOP, discover.located("models", model), discover.located("datasets", dataset)]
    everything = provenance.hashes(*modules, *[PACKED] * packed)
    return {
        name: digest
        for name, digest in everything.items()
        if name.startswith(DECIDE) and name not in DO_NOT_DECIDE
    }


def outdated(record: dict[str, Any]) -> list[str]:
    """What has changed, since a run was made, of the code that its record names."""
    dataset, model, *_ = str(record.get("run", "")).split("/") + ["", ""]
    packed = record.get("execution") == "packed"
    return list(_outdated(model, dataset, packed, tuple(record["code"].items())))


@functools.cache  # thousands of runs share one code
def _outdated(
    model: str, dataset: str, packed: bool, recorded: tuple[tuple[str, str], ...]
) -> tuple[str, ...]:
    names = sorted(name for name, _ in recorded)
    if model not in discover.names("models") or dataset not in discover.names("datasets"):
        return tuple(names)
    current = _code(model, dataset, packed).values()
    hashes = dict(recorded)
    return tuple(name for name in names if not provenance.same(hashes[name], current))
