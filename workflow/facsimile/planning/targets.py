"""The targets of the workflow: which files each makes, and what they are made of.

Imports neither torch nor pandas, because Snakemake parses the Snakefile in every job.
"""

import functools
import itertools
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path

from facsimile.planning import requested_scores, shell_commands, shipped
from facsimile.planning.job_resources import JobResources
from facsimile.planning.rule_parameters import RuleParameters
from facsimile.planning.studies_at_scale import StudiesAtScale, Wildcards
from facsimile.planning.workspace import PUBLISHED
from facsimile.studies import evaluations, panels
from facsimile.studies.study import RESERVED, RULES

Inputs = Callable[[Wildcards], list[str]]
TABLE_ENDINGS = ("csv", "md", "tex")
FIGURE_ENDINGS = ("pdf", "png", "csv")


class Targets:
    """The files of every study at the configured scale.

    Attributes:
        studies: The studies.
        parameters: What the rules depend on besides files.
        resources: What their jobs request from a scheduler.
        results: Folder of all results.
    """

    def __init__(self, studies: StudiesAtScale) -> None:
        """``studies``: those that have targets."""
        self.studies = studies
        self.parameters = RuleParameters(studies)
        self.resources = JobResources(studies)
        self.results = str(studies.workspace.paths.root)
        self.requested: frozenset[str] | None = None

    def narrow(self, requested: Iterable[str]) -> None:
        """Plan only the scores that these targets and files need, instead of all; before planning.

        No targets stand for everything.
        """
        self.requested = frozenset(requested) or None

    def leave_out_taken_names(self) -> None:
        """Leave out each study with a target that the workflow or another study has."""
        owners = dict.fromkeys(RULES, "the workflow")
        for study in list(self.studies.names):
            names = self.names(study)
            for name in names:
                if name in owners:
                    message = f"the target {name} is also one of {owners[name]}; use another name"
                    self.studies.leave_out(study, message)
                    break
            else:
                owners |= dict.fromkeys(names, study)

    def names(self, study: str) -> list[str]:
        """Return the names of all targets of a study."""
        artefacts = [f"{study}_{name}" for name in self.artefacts(study)]
        return [study, f"{study}_report", *artefacts]

    def broken_file(self, study: str) -> str:
        """Return the file that the target of a study with errors would make, if it could."""
        return f"{self.studies.folder(study)}/valid"

    def broken_command(self, study: str) -> str:
        """Return a shell command that prints the errors of a study, and fails."""
        message = shlex.quote(f"error: {self.studies.broken[study]}")
        return shell_commands.without_wildcards(f"echo {message} >&2; exit 1")

    @property
    def command(self) -> str:
        """Command line of the package with this configuration, quoted for a shell."""
        return shell_commands.command(self.studies.workspace.config)

    # Files that the targets make.

    def everything(self, wildcards: Wildcards) -> list[str]:
        """Return all files of all studies."""
        files: list[str] = []
        for study in self.studies.names:
            files += self.study(study)(wildcards)
        # Their rules fail, and with them the target of all studies.
        return [*files, *map(self.broken_file, self.studies.broken)]

    def study(self, study: str) -> Inputs:
        """Return a function for all files of a study.

        They are its tables, figures, comparison and claims, and the indexes these are made of; and
        the report, if they are drawn from shipped scores.
        """
        if self.studies.from_shipped:
            return self.report(study)
        return self._with_indexes(study, self._results(study))

    def report(self, study: str) -> Inputs:
        """Return a function for a study's report, and for the files it is made of."""
        pages = f"{self.studies.folder(study)}/report"
        return self._with_indexes(study, [pages, *self._results(study)])

    def artefact(self, study: str, name: str) -> Inputs:
        """Return a function for the files of a table or figure, and the indexes it is made of."""
        return self._with_indexes(study, self._files(study, name))

    def artefacts(self, study: str) -> list[str]:
        """Return the names of a study's tables and figures, ``comparison`` and ``claims``.

        Each is a target ``<study>_<name>``. A study without claims has no target for them.
        """
        loaded = self.studies.study(study)
        names = [*loaded.tables, *self.studies.figures(study), "comparison"]
        return [*names, "claims"] if loaded.claims else names

    def files(self, study: str) -> list[str]:
        """Return all files of a study, including its report."""
        gathered = self._gathered(study)
        return [*self._results(study), *gathered, f"{self.studies.folder(study)}/report"]

    def _results(self, study: str) -> list[str]:
        """Return the files of all tables and figures, the comparison, claims and summary."""
        files: list[str] = []
        for name in self.artefacts(study):
            files += self._files(study, name)
        folder = self.studies.folder(study)
        return [*files, f"{folder}/summary.md", f"{folder}/artifact-checklist.md"]

    def _files(
        self,
        study: str,
        name: str,
    ) -> list[str]:
        """Return the files of a table or figure with its provenance crate.

        ``name`` may also be ``comparison`` or ``claims``.
        """
        folder = self.studies.folder(study)
        if name == "claims":
            return [f"{folder}/claims.csv", f"{folder}/claims_by_dataset.csv"]
        if name in RESERVED:
            return [f"{folder}/{name}.csv"]
        if name in self.studies.study(study).tables:
            path, endings = f"{folder}/tables/{name}", TABLE_ENDINGS
        else:
            path, endings = f"{folder}/figures/{name}", FIGURE_ENDINGS
        files = [f"{path}.{ending}" for ending in endings]
        return [*files, f"{path}.crate/ro-crate-metadata.json"]

    def _with_indexes(
        self,
        study: str,
        results: list[str],
    ) -> Inputs:
        """Return a function for result files and all indexes that they are made of.

        Snakemake does not notice a missing file if the files made of it exist: a forgotten run or a
        deleted file of scores would go unnoticed as long as the tables are there. So a target lists
        the indexes, too.
        """

        def files(wildcards: Wildcards) -> list[str]:
            if self.studies.from_shipped:
                return [*results, *self._gathered(study)]
            stages: list[str] = []
            for shard in self.studies.shards(study):
                folder = self.studies.workspace.paths.shard(shard.key)
                stages += [str(folder / "trained.json"), str(folder / "encoded.json")]
            return [*results, *self._gathered(study), *stages, *self.scores(study)]

        return files

    def _gathered(self, study: str) -> list[str]:
        """Return the tables of all runs and of all scores of a study."""
        folder = self.studies.folder(study)
        return [f"{folder}/runs.parquet", f"{folder}/scores.parquet"]

    # Inputs of the rules.

    def data(self, wildcards: Wildcards) -> str:
        """Return the data file of a shard."""
        return str(self.studies.workspace.paths.dataset(wildcards.dataset))

    def parents(self, wildcards: Wildcards) -> list[str]:
        """Return the indexes of the shards from whose runs those of a shard start."""
        paths = self.studies.workspace.paths
        shards = self.studies.parents(wildcards)
        return [str(paths.shard(shard.key) / "trained.json") for shard in shards]

    def study_scores(self, wildcards: Wildcards) -> list[str]:
        """Return the files of scores that a study's tables are made of."""
        if self.studies.from_shipped:
            return [str(path) for path in shipped.files(wildcards.study, self.studies.scale)]
        return self.scores(wildcards.study)

    def scores(self, study: str) -> list[str]:
        """Return the files of scores of a study's shards."""
        panel = self.panel(study)
        paths = self.studies.workspace.paths
        shards = self.studies.shards(study)
        return [str(paths.shard_scores(shard.key, panel)) for shard in shards]

    def study_panel(self, wildcards: Wildcards) -> str:
        """Return the name of the panel whose scores a study's tables are made of."""
        return self.panel(wildcards.study)

    @functools.lru_cache  # noqa: B019 (one Targets lives as long as the process)
    def panel(self, study: str) -> str:
        """Return the name of a study's panel: of the scores that the requested targets need."""
        loaded, scale = self.studies.study(study), self.studies.scale
        if self.requested is None:
            return evaluations.panel(loaded, scale)
        names = [self.names(other) for other in self.studies.names if other != study]
        scores = requested_scores.needed(
            requested_scores.requests(loaded, self.studies.figures(study), self._files),
            requested_scores.without(self.requested, itertools.chain(*names)),
            default=set(panels.parts(loaded)),
        )
        paths, shards = self.studies.workspace.paths, self.studies.shards(study)
        scores |= requested_scores.gathered(loaded, scale, paths, shards)
        return panels.name(loaded, scale, scores)

    def published(self, wildcards: Wildcards) -> list[str]:
        """Return the file of published numbers, if the study has one."""
        path = self.studies.workspace.paper(wildcards.study) / PUBLISHED
        if not path.exists():
            return []
        # Relative below the working directory: a copied project has the same inputs as before.
        here = Path.cwd()
        return [str(path.relative_to(here) if path.is_relative_to(here) else path)]

    def judged(self, wildcards: Wildcards) -> list[str]:
        """Return the files with verdicts for the summary: the comparison, and claims if any."""
        folder = self.studies.folder(wildcards.study)
        files = [f"{folder}/comparison.csv"]
        if self.studies.study(wildcards.study).claims:
            files.append(f"{folder}/claims.csv")
        return files

    def report_parts(self, wildcards: Wildcards) -> list[str]:
        """Return the files that the report shows: runs, scores and all results."""
        study = wildcards.study
        return [*self._gathered(study), *self._results(study)]
