"""Which scores are planned: those that the requested tables and figures show.

A target that is no table or figure, such as a study or its comparison, needs all scores.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from facsimile.foundation.paths import Paths
from facsimile.studies import evaluations, panels
from facsimile.studies.panels import Part
from facsimile.studies.parts import Artefact
from facsimile.studies.runs import Shard
from facsimile.studies.study import Study

# Names and files that request a table or figure, and the scores that it needs.
Request = tuple[Set[str], Set[Part]]


def requests(
    study: Study,
    figures: Mapping[str, Artefact],
    files: Callable[[str, str], list[str]],
) -> Iterator[Request]:
    """Yield what requests each table and figure of a study.

    ``files`` returns the files of a table or figure, given the names of the study and its own.
    """
    for folder, artefacts in (("tables", study.tables), ("figures", figures)):
        for name, artefact in artefacts.items():
            paths = map(os.path.relpath, files(study.id, name))
            needed_by = panels.needed_by(study, folder, artefact)
            yield {f"{study.id}_{name}", *paths}, needed_by


def without(requested: Iterable[str], of_others: Iterable[str]) -> set[str]:
    """Return the requested targets and files, without the targets of other studies."""
    normal = {os.path.relpath(target) if "/" in target else target for target in requested}
    return normal - set(of_others)


def needed(requests: Iterable[Request], requested: set[str], default: set[Part]) -> set[Part]:
    """Return the scores that targets need: ``default`` if one is neither table nor figure."""
    scores: set[Part] = set()
    rest = requested
    for names, parts in requests:
        if names & requested:
            scores |= parts
        rest = rest - names
    return default if rest else scores


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
