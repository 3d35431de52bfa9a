"""Configuration, studies and paths together: where every command begins. Imports no torch."""

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facsimile.foundation import discover
from facsimile.foundation.discover import STUDY
from facsimile.foundation.file_errors import FileError
from facsimile.foundation.paths import Paths
from facsimile.foundation.yamlfile import Document
from facsimile.planning import config, settings, shipped
from facsimile.planning.config import Config
from facsimile.studies import evaluations, panels, reading, runs
from facsimile.studies.runs import Run, Shard
from facsimile.studies.study import Study

# File of published numbers in the folder of a paper.
PUBLISHED = "published.csv"


@dataclass(frozen=True)
class Workspace:
    """A configuration, and the studies and paths that follow from it."""

    config: Config

    def __post_init__(self) -> None:
        discover.use_papers(self.config.paper_folders)

    @property
    def paths(self) -> Paths:
        """Paths of results; what is drawn from shipped scores is in a folder of its own."""
        results = self.config.results
        return Paths(results / shipped.FOLDER if self.from_shipped else results)

    @property
    def from_shipped(self) -> bool:
        """Whether tables and figures are drawn from shipped scores, and nothing is trained."""
        return self.config.scores == "reference"

    def with_shipped_scores(self) -> "Workspace":
        """Return the same workspace, in which everything is drawn from shipped scores."""
        return Workspace(self.config.model_copy(update={"scores": "reference"}))

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

    def read(
        self,
        word: str = "",
    ) -> tuple[dict[str, Study], dict[str, FileError]]:
        """Read every study; return id -> study, and id -> errors of those that cannot be read.

        So a mistake in one study does not stop work on the others. With ``word``, only studies
        whose file contains it are read.
        """
        read: dict[str, Study] = {}
        broken: dict[str, FileError] = {}
        for name, folder in sorted(self._papers().items()):
            file = folder / STUDY
            # What is no file is an error, too.
            if word and file.is_file() and word.encode() not in file.read_bytes():
                continue
            try:
                read[name] = self.study(name)
            except FileError as error:
                broken[name] = error
        return read, broken

    def studies(self) -> list[Study]:
        """Return every study that can be read and has the configured scale.

        Raises UnknownName if no study has the scale.
        """
        read, broken = self.read()
        self.check_scale(read, broken)
        return [study for study in read.values() if self.config.scale in study.scales]

    def check_scale(
        self,
        read: Mapping[str, Study],
        broken: Mapping[str, FileError],
    ) -> None:
        """Raise UnknownName if no study has the configured scale."""
        scales: dict[str, None] = {}
        for study in read.values():
            scales |= dict.fromkeys(study.scales)
        # A study that cannot be read may have it.
        if scales and self.config.scale not in scales and not broken:
            raise discover.UnknownName("scale", self.config.scale, list(scales))

    def missing_sources(self) -> list[str]:
        """Return a message for each official file that is configured, needed and not there."""
        messages = []
        for name, path in self.config.sources.items():
            is_needed = not self.paths.dataset(name).exists()
            if is_needed and not path.exists():
                messages.append(f"sources.{name}: there is no file or folder {path.absolute()}")
        return messages

    def runs(self, of: Study) -> list[Run]:
        """Return the runs of a study at the configured scale."""
        return runs.expand(of, self.config.scale)

    def shards(self, of: Study) -> list[Shard]:
        """Return the shards of a study at the configured scale."""
        members = self.runs(of)
        return runs.shards(members, self.config.shard_size)

    def score_files(
        self,
        of: Study,
        panel: str = "",
    ) -> list[Path]:
        """Return the files of scores of all shards of a study, from which its tables are made.

        With ``panel``, those of a part of its scores.
        """
        panel = panel or evaluations.panel(of, self.config.scale)
        shards = self.shards(of)
        return [self.paths.shard_scores(shard.key, panel) for shard in shards]

    def shard(
        self,
        key: str,
        panel: str | None = None,
    ) -> tuple[Study, Shard]:
        """Return the shard with this key, and a study that has it.

        With ``panel``, the study must compute these metrics: two studies may share runs but compute
        different metrics. Raises LookupError if no study has the shard at the configured scale and
        shard size.
        """
        parts = key.strip("/").split("/")[-3:]
        dataset, model, _ = parts if len(parts) == 3 else ("", "", "")
        for study, shard in self._shards_with(dataset, model):
            if shard.key != "/".join(parts):
                continue
            if panel is None or panels.chosen(study, self.config.scale, panel) is not None:
                return study, shard
        _, broken = self.read()
        raise LookupError(
            f"no study has the shard {key} at scale {self.config.scale} with shard_size "
            f"{self.config.shard_size}: facsimile list STUDY --shards shows them{_aside(broken)}"
        )

    def find_run(self, text: str) -> Run:
        """Return the run with this key or folder, or the only run whose key contains ``text``.

        A folder may be spelled in any way, and may also be a file in it. Searches every scale of
        every study. Raises LookupError if no run or several runs match.
        """
        part = self._part_of_key(text.strip().strip("'\""))
        read, broken = self.read()
        matches: dict[str, Run] = {}
        for study in read.values():
            matches |= {run.key: run for run in _all_runs(study) if part in run.key}
        # The key of one run may be the beginning of the key of another.
        if part in matches:
            return matches[part]
        if len(matches) == 1:
            return next(iter(matches.values()))
        keys = ", ".join(list(matches)[:5]) or "none"
        more = " …" if len(matches) > 5 else ""
        raise LookupError(
            f"{len(matches)} runs match {text!r} ({keys}{more}); "
            f"facsimile list STUDY shows their names{_aside(broken)}"
        )

    def descendants(self, run: Run) -> list[Run]:
        """Return the runs of all scales of all studies that start from a run, or from one of those.

        A run comes after its parent.
        """
        keys = {run.key}
        starting: dict[str, Run] = {}
        read, _ = self.read()
        for study in read.values():
            # Expanding a large study takes a second.
            if not any(model.parent for model in study.models):
                continue
            for other in _all_runs(study):
                if other.parent in keys:
                    keys.add(other.key)
                    starting[other.key] = other
        return list(starting.values())

    def _part_of_key(self, text: str) -> str:
        """Return the part of a run's key that a path or a part of a key stands for."""
        # Links are followed: the results may be elsewhere.
        path = Path(os.path.realpath(text))
        store = Path(os.path.realpath(self.paths.runs))
        if path.is_relative_to(store):
            return "/".join(path.relative_to(store).parts[:4])
        # A key, or the end of a path in another folder of results.
        stripped = os.path.normpath(text).strip("/") if text else text
        if "/runs/" in f"/{stripped}":
            stripped = stripped.rpartition("runs/")[2]
        return "/".join(stripped.split("/")[:4])

    def _shards_with(
        self,
        dataset: str,
        model: str,
    ) -> Iterator[tuple[Study, Shard]]:
        """Yield the shards of a model in all studies with a data set that can be read."""
        # Checking all papers would take longer than a small job: most have other data sets.
        read, _ = self.read(dataset)
        for study in read.values():
            if self.config.scale not in study.scales:
                continue
            # The shards of a model do not depend on runs of other models.
            members = [run for run in self.runs(study) if run.model == model]
            for shard in runs.shards(members, self.config.shard_size):
                yield study, shard


def _all_runs(study: Study) -> Iterator[Run]:
    """Yield the runs and snapshots of all scales of a study."""
    for scale in study.scales:
        yield from runs.with_snapshots(runs.expand(study, scale))


def _aside(broken: Mapping[str, FileError]) -> str:
    """Return the errors of studies that were left out; empty if there are none."""
    return "".join(f"\nnot searched: {error}" for error in broken.values())


def load(
    path: Path | None = None,
    /,
    **overrides: object,
) -> Workspace:
    """Return the workspace of a configuration file; overrides replace its keys.

    Without a path, it is config/config.yaml, or the defaults where that does not exist. Raises
    FileNotFoundError if ``path`` does not exist.
    """
    file = path or config.DEFAULT
    if file.is_dir():
        inside = file / config.DEFAULT.name
        raise FileNotFoundError(f"{file} is a folder; name the file, such as {inside}")
    if not file.exists():
        if path is not None:
            raise FileNotFoundError(_no_file(path))
        return Workspace(config.check(settings.merged({}, overrides), file))
    document = Document(file)
    data: Any = document.data
    if isinstance(data, Mapping):
        data = settings.merged(data, overrides)
    return Workspace(config.check(data, file, document))


def _no_file(path: Path) -> str:
    """Return a message about a configuration file that does not exist."""
    folder = path.parent
    names = [other.name for other in folder.glob("*.y*ml")] if folder.is_dir() else []
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    hint = f"; did you mean {folder / near[0]}?" if near else ""
    return f"no configuration file {path} in {Path.cwd()}{hint}"
