"""What the Snakefile asks: which files there are to make, and what each rule depends on. Imports neither torch nor pandas."""

import functools
import math
import shlex
from collections.abc import Callable
from typing import Any

from facsimile import canonical, config, cost, environment, provenance, runs
from facsimile.runs import Shard
from facsimile.workspace import Workspace

Wildcards = Any  # Snakemake's own type has no stubs
SCORE_MEGABYTES = 1500  # of one process; 700 were seen on dSprites


class Targets:
    """The files of every study at the configured scale."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.workspace = Workspace(config.check(dict(settings)))
        self.results = str(self.workspace.config.results)
        self.scale = self.workspace.config.scale
        self._settings = {key: settings[key] for key in sorted(settings)}

    @functools.cached_property
    def studies(self) -> list[str]:
        """Studies that have the configured scale."""
        return [study.id for study in self.workspace.studies()]

    @property
    def command(self) -> str:
        """Command line of the package with this configuration, quoted for a shell."""
        options = [f"--set={key}={value}" for key, value in self._settings.items() if not isinstance(value, dict)]
        options += [
            f"--set={key}.{k}={v}" for key, value in self._settings.items() if isinstance(value, dict) for k, v in value.items()
        ]
        return shlex.join([environment.PYTHON, "-m", "facsimile", *options]).replace("{", "{{").replace("}", "}}")

    def everything(self, wildcards: Wildcards) -> list[str]:
        """Everything of every study."""
        return [path for study in self.studies for path in self.study(study)(wildcards)]

    def study(self, study: str) -> Callable[[Wildcards], list[str]]:
        """Everything of one study: tables, figures, the comparison, and what they are made of."""
        names = self.artefacts(study)
        shown = [path for name in names for path in self._files(study, name)] + [f"{self._folder(study)}/comparison.csv"]
        return self._with_parts(study, shown)

    def artefact(self, study: str, name: str) -> Callable[[Wildcards], list[str]]:
        """One table or figure, and what it is made of."""
        return self._with_parts(study, self._files(study, name))

    def artefacts(self, study: str) -> list[str]:
        """Names of a study's tables and figures; each is a target ``<study>_<name>``."""
        found = self._study(study)
        return [*found.tables, *found.figures]

    def _files(self, study: str, name: str) -> list[str]:
        """The files of one table or figure."""
        if name in self._study(study).tables:
            return [f"{self._folder(study)}/tables/{name}.{ending}" for ending in ("csv", "md", "tex")]
        return [f"{self._folder(study)}/figures/{name}.{ending}" for ending in ("pdf", "png", "csv")]

    def _with_parts(self, study: str, shown: list[str]) -> Callable[[Wildcards], list[str]]:
        """Files to show, and every index behind them.

        Snakemake does not miss a file that nothing newer asks for: a forgotten run or a deleted scores file would go unnoticed
        behind tables that are still there. So a target names what it is made of, too.
        """

        def parts(wildcards: Wildcards) -> list[str]:
            gathered = [f"{self._folder(study)}/{table}.parquet" for table in ("runs", "scores")]
            shards = [self.workspace.paths.shard(shard.key) for shard in self._shards_of(study)]
            stages = [str(folder / f"{stage}.json") for folder in shards for stage in ("trained", "encoded")]
            return [*shown, *gathered, *stages, *self._scores(study)]

        return parts

    def data(self, wildcards: Wildcards) -> str:
        """The data file of a shard."""
        return str(self.workspace.paths.dataset(wildcards.dataset))

    def study_scores(self, wildcards: Wildcards) -> list[str]:
        """The score indexes that a study's tables are made of."""
        return self._scores(wildcards.study)

    def _scores(self, name: str) -> list[str]:
        panel = runs.panel(self._study(name), self.scale)
        return [str(self.workspace.paths.shard_scores(shard.key, panel)) for shard in self._shards_of(name)]

    def published(self, wildcards: Wildcards) -> list[str]:
        """The file of published numbers, if the study has one."""
        path = self.workspace.config.published / f"{wildcards.study}.csv"
        return [str(path)] * path.exists()

    def panel_code(self, wildcards: Wildcards) -> str:
        """Content hash of the code of each metric that a shard is asked."""
        metrics = sorted(self._panels[wildcards.panel].metrics)
        return " ".join(f"{name}={provenance.code(f'facsimile.metrics.{name}')}" for name in metrics)

    def table_code(self, wildcards: Wildcards) -> str:
        """Content hash of the code that draws tables."""
        return provenance.code("facsimile.tables")

    def figure_code(self, wildcards: Wildcards) -> str:
        """Content hash of the code that draws this kind of figure."""
        kind = self._study(wildcards.study).figures[wildcards.figure].kind
        return provenance.code(f"facsimile.figures.{kind}")

    def compare_code(self, wildcards: Wildcards) -> str:
        """Content hash of the code that compares with published numbers."""
        kinds = sorted({figure.kind for figure in self._study(wildcards.study).figures.values()})
        return provenance.code("facsimile.compare", *(f"facsimile.figures.{kind}" for kind in kinds))

    def artefact_spec(self, wildcards: Wildcards) -> str:
        """Canonical JSON of what the study file says of a table or figure."""
        study = self._study(wildcards.study)
        found = study.tables[wildcards.table] if "table" in wildcards.keys() else study.figures[wildcards.figure]  # noqa: SIM118
        return canonical.dumps(found.model_dump(exclude_unset=True))

    def train_minutes(self, wildcards: Wildcards, attempt: int) -> int:
        """Run time to ask a scheduler for: twice what the shard should take, doubled again after a time-out."""
        return cost.minutes(sum(map(cost.train_seconds, self._shard(wildcards).runs)), attempt)

    def encode_minutes(self, wildcards: Wildcards, attempt: int) -> int:
        """Likewise for encoding."""
        return cost.minutes(cost.ENCODE_SECONDS * len(self._shard(wildcards).runs), attempt)

    def score_minutes(self, wildcards: Wildcards, threads: int, attempt: int) -> int:
        """Likewise for scoring, ``threads`` runs at a time."""
        turns = math.ceil(len(self._shard(wildcards).runs) / threads)
        return cost.minutes(cost.score_seconds(len(self._panels[wildcards.panel].metrics)) * turns, attempt)

    def score_memory(self, wildcards: Wildcards, threads: int, attempt: int) -> int:
        """Megabytes for scoring ``threads`` runs at a time, and as much again with every attempt."""
        return SCORE_MEGABYTES * (threads + 1) * attempt

    @functools.lru_cache  # noqa: B019 (one Targets lives as long as the process)
    def _study(self, name: str) -> Any:
        return self.workspace.study(name)

    @functools.lru_cache  # noqa: B019
    def _shards_of(self, name: str) -> list[Shard]:
        return self.workspace.shards(self._study(name))

    @functools.cached_property
    def _panels(self) -> dict[str, Any]:
        return {runs.panel(study, self.scale): study for study in map(self._study, self.studies)}

    @functools.cached_property
    def _shards(self) -> dict[str, Shard]:
        return {shard.key: shard for study in self.studies for shard in self._shards_of(study)}

    def _shard(self, wildcards: Wildcards) -> Shard:
        key = f"{wildcards.dataset}/{wildcards.model}/{wildcards.shard}"
        if key not in self._shards:
            return self.workspace.shard(key)[1]  # raises, and says why
        return self._shards[key]

    def _folder(self, study: str) -> str:
        return str(self.workspace.paths.study(study, self.scale))
