"""Which scores are planned: those that the requested tables and figures show.

A target that is no table or figure, such as a study or its comparison, needs all scores.
"""

import os
from collections.abc import Iterable, Set

from facsimile.foundation.paths import Paths
from facsimile.studies import evaluations, panels
from facsimile.studies.panels import Part
from facsimile.studies.runs import Shard
from facsimile.studies.study import Study

# Names and files that request a table or figure, and the scores that it needs.
Request = tuple[Set[str], Set[Part]]


def needed(
    study: Study,
    requests: Iterable[Request],
    requested: Set[str],
    of_others: Set[str],
) -> set[Part]:
    """Return the scores that the requested targets of a study need.

    ``requested``: targets and files. ``of_others``: targets that belong to other studies.
    """
    scores: set[Part] = set()
    rest = {os.path.relpath(target) if "/" in target else target for target in requested}
    rest -= of_others
    for names, parts in requests:
        if names & rest:
            scores |= parts
        rest -= names
    return set(panels.parts(study)) if rest else scores


def gathered(study: Study, scale: str, paths: Paths, shards: Iterable[Shard]) -> set[Part]:
    """Return the scores that the gathered tables have, which making other ones must not remove."""
    if not (paths.study(study.id, scale) / "scores.parquet").exists():
        return set()
    whole = evaluations.panel(study, scale)
    scores: set[Part] = set()
    for shard in shards:
        for path in paths.shard(shard.key).glob(f"scores-{whole}*.parquet"):
            panel = path.stem.removeprefix("scores-")
            scores |= panels.chosen(study, scale, panel) or set()
        if scores:
            break  # the shards have the same panels
    return scores
