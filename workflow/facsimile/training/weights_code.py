"""Which code decides the weights of a run, by content hash; needs no torch."""

import functools
from typing import Any

from facsimile.foundation import discover, provenance
from facsimile.studies.runs import Run

LOOP = "facsimile.training.loop"
# The step of packs, and that of small networks on a processor, which imports the former.
PACKED = "facsimile.training.packed_step"
PACKED_SMALL = "facsimile.training.cpu_step"
# What opens files, checks values and reads studies, and never changes a number.
DO_NOT_DECIDE = ("foundation/", "store/", "studies/", "models/base/hyper_parameters")
# What the record of a run keeps of the record of its parent.
OF_PARENT = ("run", "weights_sha256", "code", "execution", "small", "from")


def hashes(
    run: Run,
    packed: bool = False,
    small: bool = False,
) -> dict[str, str]:
    """The modules that decide a run's weights, by name -> hash.

    These are the code of its model, its data set and the training loop, with all that they import:
    also other modules of a paper, and ``statistics``. How runs are stored, and which of several
    processes makes them, is not part of it.
    """
    return _code(run.model, run.dataset, packed, small)


def _code(
    model: str,
    dataset: str,
    packed: bool,
    small: bool,
) -> dict[str, str]:
    modules = [
        LOOP,
        discover.module_name("models", model),
        discover.module_name("datasets", dataset),
    ]
    if packed:
        modules.append(PACKED_SMALL if small else PACKED)
    deciding = {}
    for name, digest in provenance.hashes(*modules).items():
        if not name.startswith(DO_NOT_DECIDE):
            deciding[name] = digest
    return deciding


def outdated(
    record: dict[str, Any],
) -> list[str]:
    """Names of the modules in a run's record whose code has changed since the run was made.

    The code of runs that it descends from also decides its weights.
    """
    key = str(record.get("run", "")).split("/")
    dataset, model, *_ = [*key, "", ""]
    packed = record.get("execution") == "packed"
    small = record.get("small", False)
    recorded = tuple(record["code"].items())
    own = list(_outdated(model, dataset, packed, small, recorded))
    parent = record.get("from")
    inherited = outdated(parent) if parent else []
    return [*own, *(name for name in inherited if name not in own)]


@functools.cache  # thousands of runs share one code
def _outdated(
    model: str,
    dataset: str,
    packed: bool,
    small: bool,
    recorded: tuple[tuple[str, str], ...],
) -> tuple[str, ...]:
    hashes = dict(recorded)
    names = sorted(hashes)
    exists = model in discover.names("models") and dataset in discover.names("datasets")
    if not exists:
        return tuple(names)
    current = _code(model, dataset, packed, small).values()
    return tuple(name for name in names if not provenance.same(hashes[name], current))
