"""Configuration, studies and paths together: where every command begins. Imports no torch."""

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

# Results that come with the repository, by study and scale.
REFERENCE = Path("results/reference")
# Files in the folder of a paper.
STUDY, PUBLISHED = discover.STUDY, "published.csv"


@dataclass(frozen=True)
class Workspace:
    """A configuration, and the studies and paths that follow from it."""

    config: Config

    def __post_init__(self) -> None:
        discover.use_papers(self.config.paper_folders)

    @property
    def paths(self) -> Paths:
        """Paths of results."""
        return Paths(self.config.results)

    def study_ids(self) -> list[str]:
        """Return the ids of all studies: the names of their papers' folders, sorted."""
        return sorted(self._papers())

    def _papers(self) -> dict[str, Path]:
        """Return id -> folder of each paper in the configured folders."""
        return discover.papers_in(self.config.paper_folders)

    def paper(self, name: str) -> Path:
        """Return the folder of a paper; raises UnknownName."""
        papers = self._papers()
        if name not in papers:
            raise discover.UnknownName("study", name, sorted(papers))
        return papers[name]

    def study(self, name: str) -> Study:
        """Read one study; raises UnknownName or FileError."""
        return reading.load(self.paper(name) / STUDY)

    def studies(self) -> list[Study]:
        """Read every study that has the configured scale."""
        studies = map(self.study, self.study_ids())
        return [study for study in studies if self.config.scale in study.scales]

    def runs(self, of: Study) -> list[Run]:
        """Return the runs of a study at the configured scale."""
        return runs.expand(of, self.config.scale)

    def shards(self, of: Study) -> list[Shard]:
        """Return the shards of a study at the configured scale."""
        members = self.runs(of)
        return runs.shards(members, self.config.shard_size)

    def score_files(self, of: Study) -> list[Path]:
        """Return the files of scores of all shards of a study, from which its tables are made."""
        panel = evaluations.panel(of, self.config.scale)
        shards = self.shards(of)
        return [self.paths.shard_scores(shard.key, panel) for shard in shards]

    def shard(self, key: str, panel: str | None = None) -> tuple[Study, Shard]:
        """Return the shard with this key, and a study that has it.

        With ``panel``, the study must compute these metrics: two studies may share runs but compute
        different metrics. Raises LookupError if no study has the shard at the configured scale and
        shard size.
        """
        dataset, model, _ = f"{key}//".split("/", 2)
        for study, shard in self._shards_with(dataset, model):
            if shard.key != key:
                continue
            if panel is None or panel == evaluations.panel(study, self.config.scale):
                return study, shard
        raise LookupError(
            f"no study has the shard {key} at scale {self.config.scale} with shard_size "
            f"{self.config.shard_size}: facsimile list shows them"
        )

    def find_run(self, text: str) -> Run:
        """Return the run with this key or folder, or the only run whose key contains ``text``.

        Searches every scale of every study. Raises LookupError if no run or several runs match.
        """
        matches: dict[str, Run] = {}
        for run in self._all_runs():
            folder = str(self.paths.run(run.key))
            if text in run.key or text == folder:
                matches[run.key] = run
        # The key of one run may be the beginning of the key of another.
        if text in matches:
            return matches[text]
        if len(matches) != 1:
            keys = ", ".join(list(matches)[:5]) or "none"
            more = " …" if len(matches) > 5 else ""
            raise LookupError(
                f"{len(matches)} runs match {text!r} ({keys}{more}); "
                "facsimile list shows their names"
            )
        return next(iter(matches.values()))

    def _shards_with(self, dataset: str, model: str) -> Iterator[tuple[Study, Shard]]:
        """Yield the shards of a model in all studies with a data set."""
        for name, folder in sorted(self._papers().items()):
            # Checking all papers would take longer than a small job: most have other data sets.
            if dataset not in (folder / STUDY).read_text(encoding="utf-8"):
                continue
            study = self.study(name)
            if self.config.scale not in study.scales:
                continue
            # The shards of a model do not depend on runs of other models.
            members = [run for run in self.runs(study) if run.model == model]
            for shard in runs.shards(members, self.config.shard_size):
                yield study, shard

    def _all_runs(self) -> Iterator[Run]:
        """Yield the runs and snapshots of all scales of all studies."""
        for name in self.study_ids():
            study = self.study(name)
            for scale in study.scales:
                yield from runs.with_snapshots(runs.expand(study, scale))


def load(path: Path = config.DEFAULT, **overrides: object) -> Workspace:
    """Return the workspace of a configuration file; overrides that are not None replace keys."""
    changes = {key: value for key, value in overrides.items() if value is not None}
    settings = config.load(path) if path.exists() else Config()
    return Workspace(config.check(settings.model_dump() | changes))
