"""Studies, configuration and paths together: what every command begins with. Imports no torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from facsimile.foundation import discover
from facsimile.foundation.paths import Paths
from facsimile.planning import config
from facsimile.planning.config import Config
from facsimile.studies import evaluations, reading, runs
from facsimile.studies.runs import Run, Shard
from facsimile.studies.study import Study

STUDY, PUBLISHED = "study.yaml", "published.csv"  # in the folder of a paper


@dataclass(frozen=True)
class Workspace:
    """A configuration and what follows from it."""

    config: Config

    def __post_init__(self) -> None:
        discover.use_papers(self.config.paper_folders)

    @property
    def paths(self) -> Paths:
        """Where results lie."""
        return Paths(self.config.results)

    def study_ids(self) -> list[str]:
        """Studies by the names of their papers' folders."""
        return sorted(self._papers())

    def _papers(self) -> dict[str, Path]:
        """Id -> folder of each paper that the configuration offers."""
        return discover.papers_in(self.config.paper_folders)

    def paper(self, name: str) -> Path:
        """The folder of a paper; raises UnknownName."""
        known = self._papers()
        if name not in known:
            raise discover.UnknownName("study", name, sorted(known))
        return known[name]

    def study(self, name: str) -> Study:
        """Read one study; raises UnknownName or FileError."""
        return reading.load(self.paper(name) / STUDY)

    def studies(self) -> list[Study]:
        """Every study that has the configured scale."""
        return [
            found
            for found in map(self.study, self.study_ids())
            if self.config.scale in found.scales
        ]

    def runs(self, of: Study) -> list[Run]:
        """Runs of a study at the configured scale."""
        return runs.expand(of, self.config.scale)

    def shards(self, of: Study) -> list[Shard]:
        """Shards of a study at the configured scale."""
        return runs.shards(self.runs(of), self.config.shard_size)

    def score_files(self, of: Study) -> list[Path]:
        """The scores of every shard of a study: what its tables are made of."""
        panel = evaluations.panel(of, self.config.scale)
        return [self.paths.shard_scores(shard.key, panel) for shard in self.shards(of)]

    def shard(self, key: str, panel: str | None = None) -> tuple[Study, Shard]:
        """The shard with this key, and a study that has it; raises if no study at this scale and shard size does.

        With a panel, the study must ask those metrics: two studies may share runs and ask them differently.
        """
        for candidate, shard in self._all_shards(key.split("/")[1]):
            asks = panel is None or panel == evaluations.panel(candidate, self.config.scale)
            if shard.key == key and asks:
                return candidate, shard
        size = self.config.shard_size
        raise LookupError(
            f"no study has the shard {key} at scale {self.config.scale} with shard_size {size}: facsimile list shows them"
        )

    def find(self, text: str) -> Run:
        """The run with this key, or the one run whose key contains ``text``; looks at every scale of every study."""
        found = {
            run.key: run
            for run in self._everywhere()
            if text in (run.key, str(self.paths.run(run.key))) or text in run.key
        }
        if text in found:
            return found[text]
        if len(found) != 1:
            some = ", ".join(list(found)[:5]) or "none"
            raise LookupError(
                f"{len(found)} runs match {text!r} ({some}{' …' if len(found) > 5 else ''}); facsimile list shows their names"
            )
        return next(iter(found.values()))

    def _all_shards(self, model: str) -> Iterator[tuple[Study, Shard]]:
        for candidate in self.studies():
            members = [run for run in self.runs(candidate) if run.model == model]
            yield from (
                (candidate, shard) for shard in runs.shards(members, self.config.shard_size)
            )

    def _everywhere(self) -> Iterator[Run]:
        for name in self.study_ids():
            for scale in (found := self.study(name)).scales:
                yield from runs.with_snapshots(runs.expand(found, scale))


def load(path: Path = config.DEFAULT, **overrides: object) -> Workspace:
    """The workspace of a configuration file, with the given keys replaced where they are not None."""
    changed = {key: value for key, value in overrides.items() if value is not None}
    read = config.load(path) if path.exists() else Config()
    return Workspace(config.check(read.model_dump() | changed))
