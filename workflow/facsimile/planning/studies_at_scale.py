"""The studies at the configured scale: what is planned, before there are names of files.

Imports neither torch nor pandas, because Snakemake parses the Snakefile in every job.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from facsimile.foundation.discover import STUDY
from facsimile.foundation.file_errors import FileError
from facsimile.foundation.yamlfile import Document
from facsimile.planning import config, settings, shipped
from facsimile.planning.workspace import Workspace
from facsimile.studies import panels
from facsimile.studies.parts import Artefact
from facsimile.studies.runs import Shard
from facsimile.studies.study import Study

# Snakemake's own type has no stubs.
Wildcards = Any
# Raises FileError if something of a study that is not in its study file is wrong.
Check = Callable[[Path, Study], None]


class StudiesAtScale:
    """The configuration, and what each study has at the configured scale.

    Snakemake asks once per job, so everything is computed once.

    Attributes:
        workspace: The configuration, with the paths that follow from it.
        scale: Name of the configured scale.
        read: Id -> study, of those that are valid.
        broken: Id -> errors of the other studies.
    """

    def __init__(
        self,
        configuration: Mapping[str, Any],
        arguments: Sequence[str] = (),
        files: Sequence[str | Path] = (),
        check: Check | None = None,
    ) -> None:
        """Read the configuration and all studies.

        ``configuration`` is what Snakemake read from its ``files`` and its command line.
        ``arguments`` are those of its option ``--config``, whose values Snakemake changes: it cuts
        them at ``#`` and reads ``2024`` as a number. Raises ValueError for a configuration that is
        not valid or a scale that no study has; studies that are not valid are in ``broken``.
        """
        typed = settings.read(arguments)
        # A workflow that uses this one as a module has other keys, too.
        changes = {key: value for key, value in typed.items() if key in configuration}
        values = settings.merged(configuration, changes)
        file = Path(files[-1]) if files else config.DEFAULT
        document = Document(file) if file.is_file() else None
        self.workspace = Workspace(config.check(values, file, document))
        self.scale = self.workspace.config.scale
        self._expanded: set[str] = set()
        self.read, self.broken = self._read(check)
        self.workspace.check_scale(self.read, self.broken)
        if self.from_shipped and not self.names and not self.broken:
            raise ValueError(shipped.none_at(self.scale, self.read.values()))

    def _read(
        self,
        check: Check | None,
    ) -> tuple[dict[str, Study], dict[str, FileError]]:
        """Return the studies that are valid, and the errors of the others."""
        read, broken = self.workspace.read()
        for name, study in list(read.items()):
            try:
                if check is not None:
                    check(self.workspace.paper(name), study)
            except FileError as error:
                broken[name] = error
                del read[name]
        return read, broken

    @functools.cached_property
    def names(self) -> list[str]:
        """Ids of the studies that have the configured scale, and shipped scores if need be."""
        names = [name for name, study in self.read.items() if self.scale in study.scales]
        if self.from_shipped:
            names = [name for name in names if shipped.is_shipped(name, self.scale)]
        return names

    @property
    def from_shipped(self) -> bool:
        """Whether tables and figures are drawn from shipped scores, and nothing is trained."""
        return self.workspace.from_shipped

    def leave_out(self, name: str, message: str) -> None:
        """Move a study to ``broken``."""
        self.broken[name] = FileError(self.file(name), 1, message)
        self.names.remove(name)

    def file(self, name: str) -> Path:
        """Path of a study's file."""
        return self.workspace.paper(name) / STUDY

    def folder(self, name: str) -> str:
        """Folder of a study's results at the configured scale."""
        return str(self.workspace.paths.study(name, self.scale))

    def study(self, name: str) -> Study:
        """Return a study, also one that has other scales only; raises UnknownName or FileError."""
        return self.read[name] if name in self.read else self.workspace.study(name)

    @functools.lru_cache  # noqa: B019 (one object lives as long as the process)
    def figures(
        self,
        name: str,
    ) -> dict[str, Artefact]:
        """Return the figures of a study: of shipped scores, only those that need no models."""
        study = self.study(name)
        figures = study.figures_at(study.scales[self.scale])
        if not self.from_shipped:
            return figures
        return {key: spec for key, spec in figures.items() if not shipped.needs_store(spec.kind)}

    @functools.lru_cache  # noqa: B019
    def shards(self, name: str) -> list[Shard]:
        """Return the shards of a study."""
        self._expanded.add(name)
        return self.workspace.shards(self.study(name))

    def shard(self, wildcards: Wildcards) -> Shard:
        """Return the shard of a job; raises LookupError if no study has it."""
        return self._study_and_shard(wildcards)[1]

    def parents(self, wildcards: Wildcards) -> list[Shard]:
        """Return the shards with the runs from whose weights those of a shard start."""
        study, shard = self._study_and_shard(wildcards)
        keys = {run.parent for run in shard.runs if run.parent}
        if not keys:
            return []
        return [other for other in self.shards(study) if not keys.isdisjoint(other.keys)]

    def _study_and_shard(
        self,
        wildcards: Wildcards,
    ) -> tuple[str, Shard]:
        """Return the shard of a job, and a study that has it; raises LookupError."""
        key = f"{wildcards.dataset}/{wildcards.model}/{wildcards.shard}"
        # Studies that have been expanded come first: a target rarely needs the shards of others.
        expanded = sorted(self.names, key=lambda study: study not in self._expanded)
        for study in expanded:
            shards = self._by_key(study)
            if key in shards:
                return study, shards[key]
        # Raises an error that says which keys there are.
        other, shard = self.workspace.shard(key)
        return other.id, shard

    @functools.lru_cache  # noqa: B019
    def _by_key(
        self,
        name: str,
    ) -> dict[str, Shard]:
        return {shard.key: shard for shard in self.shards(name)}

    @functools.lru_cache  # noqa: B019
    def of_panel(
        self,
        panel: str,
    ) -> tuple[Study, set[panels.Part]]:
        """Return a study that has a panel, and the metrics and variations of the panel."""
        for study in map(self.study, self.names):
            parts = panels.chosen(study, self.scale, panel)
            if parts is not None:
                return study, parts
        raise LookupError(f"no study has the panel {panel} at scale {self.scale}")
