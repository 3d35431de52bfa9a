"""What the Snakefile needs: which files to make, and what each rule depends on.

Imports neither torch nor pandas, because Snakemake parses the Snakefile in every job.
"""

import functools
import itertools
import math
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from facsimile.foundation import canonical, discover, provenance
from facsimile.foundation.discover import STUDY
from facsimile.foundation.file_errors import FileError
from facsimile.foundation.yamlfile import Document
from facsimile.planning import config, cost, requested_scores, settings, shell_commands, shipped
from facsimile.planning.workspace import PUBLISHED, Workspace
from facsimile.studies import evaluations, panels
from facsimile.studies.runs import Shard
from facsimile.studies.study import RESERVED, RULES, Study

# Snakemake's own type has no stubs.
Wildcards = Any
Inputs = Callable[[Wildcards], list[str]]
# Raises FileError if something of a study that is not in its study file is wrong.
Check = Callable[[Path, Study], None]
# Of one process; 700 were observed with dSprites.
SCORE_MEGABYTES = 1500
TABLE_ENDINGS = ("csv", "md", "tex")
FIGURE_ENDINGS = ("pdf", "png", "csv")
# Keys of a study that its report shows.
FACTS = {"title", "authors", "year", "venue", "arxiv", "code", "note"}


class Targets:
    """The files of every study at the configured scale."""

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
        self.results = str(self.workspace.paths.root)
        self.scale = self.workspace.config.scale
        self._expanded: set[str] = set()
        self._requested: frozenset[str] | None = None
        self.read, self.broken = self._read(check)
        self.workspace.check_scale(self.read, self.broken)
        if self.from_shipped and not self.studies and not self.broken:
            raise ValueError(shipped.none_at(self.scale, self.read.values()))

    def _read(self, check: Check | None) -> tuple[dict[str, Study], dict[str, FileError]]:
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
    def studies(self) -> list[str]:
        """Ids of the studies that have the configured scale, and shipped scores if need be."""
        names = [name for name, study in self.read.items() if self.scale in study.scales]
        if self.from_shipped:
            names = [name for name in names if shipped.is_shipped(name, self.scale)]
        return names

    @property
    def from_shipped(self) -> bool:
        """Whether tables and figures are drawn from shipped scores, and nothing is trained."""
        return self.workspace.from_shipped

    def study_file(self, study: str) -> Path:
        """Path of a study's file."""
        return self.workspace.paper(study) / STUDY

    def narrow(self, requested: Iterable[str]) -> None:
        """Plan only the scores that these targets and files need, instead of all; before planning.

        No targets stand for everything.
        """
        self._requested = frozenset(requested) or None

    def leave_out_taken_names(self) -> None:
        """Move to ``broken`` each study with a target that the workflow or another study has."""
        owners = dict.fromkeys(RULES, "the workflow")
        for study in list(self.studies):
            names = self.names(study)
            for name in names:
                if name in owners:
                    path = self.study_file(study)
                    message = f"the target {name} is also one of {owners[name]}; use another name"
                    self.broken[study] = FileError(path, 1, message)
                    self.studies.remove(study)
                    break
            else:
                owners |= dict.fromkeys(names, study)

    def names(self, study: str) -> list[str]:
        """Return the names of all targets of a study."""
        artefacts = [f"{study}_{name}" for name in self.artefacts(study)]
        return [study, f"{study}_report", *artefacts]

    def broken_file(self, study: str) -> str:
        """Return the file that the target of a study with errors would make, if it could."""
        return f"{self._folder(study)}/valid"

    def broken_command(self, study: str) -> str:
        """Return a shell command that prints the errors of a study, and fails."""
        message = shlex.quote(f"error: {self.broken[study]}")
        return shell_commands.without_wildcards(f"echo {message} >&2; exit 1")

    @property
    def command(self) -> str:
        """Command line of the package with this configuration, quoted for a shell."""
        return shell_commands.command(self.workspace.config)

    def everything(self, wildcards: Wildcards) -> list[str]:
        """Return all files of all studies."""
        files: list[str] = []
        for study in self.studies:
            files += self.study(study)(wildcards)
        # Their rules fail, and with them the target of all studies.
        return [*files, *map(self.broken_file, self.broken)]

    def study(self, study: str) -> Inputs:
        """Return a function for all files of a study.

        They are its tables, figures, comparison and claims, and the indexes these are made of; and
        the report, if they are drawn from shipped scores.
        """
        if self.from_shipped:
            return self.report(study)
        return self._with_indexes(study, self._results(study))

    def artefact(self, study: str, name: str) -> Inputs:
        """Return a function for the files of a table or figure, and the indexes it is made of."""
        return self._with_indexes(study, self._files(study, name))

    def artefacts(self, study: str) -> list[str]:
        """Return the names of a study's tables and figures, ``comparison`` and ``claims``.

        Each is a target ``<study>_<name>``. A study without claims has no target for them.
        """
        loaded = self._study(study)
        names = [*loaded.tables, *self._figures(study), "comparison"]
        return [*names, "claims"] if loaded.claims else names

    def files(self, study: str) -> list[str]:
        """Return all files of a study, including its report."""
        gathered = self._gathered(study)
        return [*self._results(study), *gathered, f"{self._folder(study)}/report"]

    def _results(self, study: str) -> list[str]:
        """Return the files of all tables and figures, the comparison, claims and summary."""
        files: list[str] = []
        for name in self.artefacts(study):
            files += self._files(study, name)
        folder = self._folder(study)
        return [*files, f"{folder}/summary.md", f"{folder}/artifact-checklist.md"]

    def _files(self, study: str, name: str) -> list[str]:
        """Return the files of a table or figure with its provenance crate.

        ``name`` may also be ``comparison`` or ``claims``.
        """
        folder = self._folder(study)
        if name == "claims":
            return [f"{folder}/claims.csv", f"{folder}/claims_by_dataset.csv"]
        if name in RESERVED:
            return [f"{folder}/{name}.csv"]
        if name in self._study(study).tables:
            path, endings = f"{folder}/tables/{name}", TABLE_ENDINGS
        else:
            path, endings = f"{folder}/figures/{name}", FIGURE_ENDINGS
        files = [f"{path}.{ending}" for ending in endings]
        return [*files, f"{path}.crate/ro-crate-metadata.json"]

    def _with_indexes(self, study: str, results: list[str]) -> Inputs:
        """Return a function for result files and all indexes that they are made of.

        Snakemake does not notice a missing file if the files made of it exist: a forgotten run or a
        deleted file of scores would go unnoticed as long as the tables are there. So a target lists
        the indexes, too.
        """

        def files(wildcards: Wildcards) -> list[str]:
            if self.from_shipped:
                return [*results, *self._gathered(study)]
            stages: list[str] = []
            for shard in self._shards_of(study):
                folder = self.workspace.paths.shard(shard.key)
                stages += [str(folder / "trained.json"), str(folder / "encoded.json")]
            return [*results, *self._gathered(study), *stages, *self._scores(study)]

        return files

    def _gathered(self, study: str) -> list[str]:
        """Return the tables of all runs and of all scores of a study."""
        folder = self._folder(study)
        return [f"{folder}/runs.parquet", f"{folder}/scores.parquet"]

    def data(self, wildcards: Wildcards) -> str:
        """Return the data file of a shard."""
        return str(self.workspace.paths.dataset(wildcards.dataset))

    def study_scores(self, wildcards: Wildcards) -> list[str]:
        """Return the files of scores that a study's tables are made of."""
        if self.from_shipped:
            return [str(path) for path in shipped.files(wildcards.study, self.scale)]
        return self._scores(wildcards.study)

    def _scores(self, study: str) -> list[str]:
        panel = self._panel(study)
        paths = self.workspace.paths
        shards = self._shards_of(study)
        return [str(paths.shard_scores(shard.key, panel)) for shard in shards]

    def study_panel(self, wildcards: Wildcards) -> str:
        """Return the name of the panel whose scores a study's tables are made of."""
        return self._panel(wildcards.study)

    @functools.lru_cache  # noqa: B019 (one Targets lives as long as the process)
    def _panel(self, study: str) -> str:
        loaded = self._study(study)
        if self._requested is None:
            return evaluations.panel(loaded, self.scale)
        names = [self.names(other) for other in self.studies if other != study]
        scores = requested_scores.needed(
            requested_scores.requests(loaded, self._figures(study), self._files),
            requested_scores.without(self._requested, itertools.chain(*names)),
            default=set(panels.parts(loaded)),
        )
        paths, shards = self.workspace.paths, self._shards_of(study)
        scores |= requested_scores.gathered(loaded, self.scale, paths, shards)
        return panels.name(loaded, self.scale, scores)

    def published(self, wildcards: Wildcards) -> list[str]:
        """Return the file of published numbers, if the study has one."""
        path = self.workspace.paper(wildcards.study) / PUBLISHED
        if not path.exists():
            return []
        # Relative below the working directory: a copied project has the same inputs as before.
        here = Path.cwd()
        return [str(path.relative_to(here) if path.is_relative_to(here) else path)]

    def panel_code(self, wildcards: Wildcards) -> str:
        """Return the code hash of each metric in the panel of a shard."""
        _, parts = self._of_panel(wildcards.panel)
        names = sorted({metric for metric, _ in parts})
        return " ".join(f"{name}={provenance.metric_code(name)}" for name in names)

    def table_code(self, wildcards: Wildcards) -> str:
        """Return the code hash of a table's kind."""
        study = self._study(wildcards.study)
        return _code("tables", study.tables[wildcards.table].kind)

    def figure_code(self, wildcards: Wildcards) -> str:
        """Return the code hash of a figure's kind."""
        figures = self._figures(wildcards.study)
        return _code("figures", figures[wildcards.figure].kind)

    def compare_code(self, wildcards: Wildcards) -> str:
        """Return the code hash of the comparison with published numbers."""
        study = self._study(wildcards.study)
        tables = study.tables.values()
        figures = self._figures(study.id).values()
        # Each kind lists the numbers that are compared.
        modules = _modules("tables", [table.kind for table in tables])
        modules += _modules("figures", [figure.kind for figure in figures])
        return provenance.code("facsimile.comparison.judge", *modules)

    def claims_code(self, wildcards: Wildcards) -> str:
        """Return the code hash of the statistics of a study's claims, and of their verdicts."""
        claims = self._study(wildcards.study).claims.values()
        modules = _modules("claims", [claim.statistic for claim in claims])
        return provenance.code("facsimile.comparison.claims", *modules)

    def claims_spec(self, wildcards: Wildcards) -> str:
        """Return a study's claims as canonical JSON."""
        claims = self._study(wildcards.study).claims
        specs: dict[str, Any] = {}
        for name, claim in claims.items():
            # Without defaults, so that a new key of claims does not rerun the rule.
            specs[name] = claim.model_dump(exclude_unset=True)
        return canonical.dumps(specs)

    def judged(self, wildcards: Wildcards) -> list[str]:
        """Return the files with verdicts for the summary: the comparison, and claims if any."""
        folder = self._folder(wildcards.study)
        files = [f"{folder}/comparison.csv"]
        if self._study(wildcards.study).claims:
            files.append(f"{folder}/claims.csv")
        return files

    def summary_code(self, wildcards: Wildcards) -> str:
        """Return the code hash of the summary."""
        return provenance.code("facsimile.commands.pages.summary")

    def report(self, study: str) -> Inputs:
        """Return a function for a study's report, and for the files it is made of."""
        pages = f"{self._folder(study)}/report"
        return self._with_indexes(study, [pages, *self._results(study)])

    def report_parts(self, wildcards: Wildcards) -> list[str]:
        """Return the files that the report shows: runs, scores and all results."""
        study = wildcards.study
        return [*self._gathered(study), *self._results(study)]

    def report_code(self, wildcards: Wildcards) -> str:
        """Return a hash of the report's code and of its scripts, styles and libraries."""
        code = provenance.code("facsimile.report")
        files = provenance.files(discover.PACKAGE / "report")
        return canonical.hash8([code, files])

    def report_settings(self, wildcards: Wildcards) -> str:
        """Return the settings of a report besides results, as canonical JSON.

        They are facts about the paper, and the number of decoders in the report.
        """
        facts = self._study(wildcards.study).model_dump(include=FACTS)
        decoders = self.workspace.config.report_decoders
        return canonical.dumps(facts | {"decoders": decoders})

    def artefact_spec(self, wildcards: Wildcards) -> str:
        """Return the entry of a table or figure in the study file, as canonical JSON."""
        if "table" in wildcards.keys():  # noqa: SIM118 (not a mapping)
            artefact = self._study(wildcards.study).tables[wildcards.table]
        else:
            artefact = self._figures(wildcards.study)[wildcards.figure]
        return canonical.dumps(artefact.model_dump(exclude_unset=True))

    def train_minutes(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the run time to request from a scheduler for training; see ``cost.minutes``."""
        runs = self._shard(wildcards).runs
        seconds = sum(map(cost.train_seconds, runs))
        return cost.minutes(seconds, attempt)

    def encode_minutes(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the run time to request for encoding."""
        runs = self._shard(wildcards).runs
        return cost.minutes(cost.ENCODE_SECONDS * len(runs), attempt)

    def score_minutes(self, wildcards: Wildcards, threads: int, attempt: int) -> int:
        """Return the run time to request for scoring ``threads`` runs at a time."""
        runs = self._shard(wildcards).runs
        rounds = math.ceil(len(runs) / threads)
        seconds = self._score_seconds(wildcards.panel) * rounds
        return cost.minutes(seconds, attempt)

    def score_memory(self, wildcards: Wildcards, threads: int, attempt: int) -> int:
        """Return the megabytes to request for scoring; the first amount again per attempt."""
        # One process per run that is scored, and one that starts them.
        return SCORE_MEGABYTES * (threads + 1) * attempt

    # Snakemake calls the functions above once per job, so their common parts are cached.

    def _study(self, name: str) -> Study:
        return self.read[name] if name in self.read else self.workspace.study(name)

    @functools.lru_cache  # noqa: B019
    def _shards_of(self, study: str) -> list[Shard]:
        self._expanded.add(study)
        return self.workspace.shards(self._study(study))

    @functools.lru_cache  # noqa: B019
    def _of_panel(self, panel: str) -> tuple[Study, set[panels.Part]]:
        """Return a study that has a panel, and the metrics and variations of the panel."""
        for study in map(self._study, self.studies):
            parts = panels.chosen(study, self.scale, panel)
            if parts is not None:
                return study, parts
        raise LookupError(f"no study has the panel {panel} at scale {self.scale}")

    @functools.lru_cache  # noqa: B019
    def _score_seconds(self, panel: str) -> float:
        study, parts = self._of_panel(panel)
        return cost.score_seconds(study, self.scale, parts=parts)

    @functools.lru_cache  # noqa: B019
    def _figures(self, name: str) -> Any:
        study = self._study(name)
        figures = study.figures_at(study.scales[self.scale])
        if not self.from_shipped:
            return figures
        return {key: spec for key, spec in figures.items() if not shipped.needs_store(spec.kind)}

    def _shard(self, wildcards: Wildcards) -> Shard:
        key = f"{wildcards.dataset}/{wildcards.model}/{wildcards.shard}"
        # Studies that have been expanded come first: a target rarely needs the shards of others.
        expanded = sorted(self.studies, key=lambda study: study not in self._expanded)
        for study in expanded:
            shards = self._by_key(study)
            if key in shards:
                return shards[key]
        # Raises an error that says which keys there are.
        return self.workspace.shard(key)[1]

    @functools.lru_cache  # noqa: B019
    def _by_key(self, study: str) -> dict[str, Shard]:
        return {shard.key: shard for shard in self._shards_of(study)}

    def _folder(self, study: str) -> str:
        return str(self.workspace.paths.study(study, self.scale))


def _modules(kind: str, names: Iterable[str]) -> list[str]:
    """Return the modules of several names of a kind, each once, sorted."""
    return sorted({discover.module_name(kind, name) for name in names})


def _code(kind: str, name: str) -> str:
    """Return the code hash of a name of a kind."""
    return provenance.code(discover.module_name(kind, name))
