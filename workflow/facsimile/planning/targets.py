"""What the Snakefile asks: which files there are to make, and what each rule depends on. Imports neither torch nor pandas."""

import functools
import math
import shlex
from collections.abc import Callable
from typing import Any

from facsimile.foundation import canonical, discover, provenance
from facsimile.planning import config, cost, environment
from facsimile.planning.workspace import PUBLISHED, Workspace
from facsimile.studies import evaluations
from facsimile.studies.runs import Shard
from facsimile.studies.study import RESERVED

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
        return [
            name for name in self.workspace.study_ids() if self.scale in self._study(name).scales
        ]

    @property
    def command(self) -> str:
        """Command line of the package with this configuration, quoted for a shell."""
        options = [
            f"--set={key}={value}"
            for key, value in self._settings.items()
            if not isinstance(value, dict)
        ]
        options += [
            f"--set={key}.{k}={v}"
            for key, value in self._settings.items()
            if isinstance(value, dict)
            for k, v in value.items()
        ]
        return (
            shlex.join([environment.PYTHON, "-m", "facsimile", *options])
            .replace("{", "{{")
            .replace("}", "}}")
        )

    def everything(self, wildcards: Wildcards) -> list[str]:
        """Everything of every study."""
        return [path for study in self.studies for path in self.study(study)(wildcards)]

    def study(self, study: str) -> Callable[[Wildcards], list[str]]:
        """Everything of one study: tables, figures, comparison, claims, and what they are made of."""
        return self._with_parts(study, self._shown(study))

    def artefact(self, study: str, name: str) -> Callable[[Wildcards], list[str]]:
        """One table or figure, and what it is made of."""
        return self._with_parts(study, self._files(study, name))

    def artefacts(self, study: str) -> list[str]:
        """Names of a study's tables and figures, ``comparison`` and ``claims``; each is a target ``<study>_<name>``."""
        found = self._study(study)
        return [
            *found.tables,
            *self._figures(study),
            "comparison",
            *["claims"][: len(found.claims)],
        ]

    def _shown(self, study: str) -> list[str]:
        """Tables, figures, comparison, claims and summary of a study."""
        files = [path for name in self.artefacts(study) for path in self._files(study, name)]
        return [
            *files,
            *(f"{self._folder(study)}/{name}.md" for name in ("summary", "artifact-checklist")),
        ]

    def _files(self, study: str, name: str) -> list[str]:
        """The files of one table or figure, and the crate that says where it comes from; or the comparison, or the claims."""
        if name in RESERVED:
            return [f"{self._folder(study)}/{name}.csv"]
        is_table = name in self._study(study).tables
        kind, endings = (
            ("tables", ("csv", "md", "tex")) if is_table else ("figures", ("pdf", "png", "csv"))
        )
        path = f"{self._folder(study)}/{kind}/{name}"
        return [*(f"{path}.{ending}" for ending in endings), f"{path}.crate/ro-crate-metadata.json"]

    def _with_parts(self, study: str, shown: list[str]) -> Callable[[Wildcards], list[str]]:
        """Files to show, and every index behind them.

        Snakemake does not miss a file that nothing newer asks for: a forgotten run or a deleted scores file would go unnoticed
        behind tables that are still there. So a target names what it is made of, too.
        """

        def parts(wildcards: Wildcards) -> list[str]:
            gathered = [f"{self._folder(study)}/{table}.parquet" for table in ("runs", "scores")]
            shards = [self.workspace.paths.shard(shard.key) for shard in self._shards_of(study)]
            stages = [
                str(folder / f"{stage}.json")
                for folder in shards
                for stage in ("trained", "encoded")
            ]
            return [*shown, *gathered, *stages, *self._scores(study)]

        return parts

    def data(self, wildcards: Wildcards) -> str:
        """The data file of a shard."""
        return str(self.workspace.paths.dataset(wildcards.dataset))

    def study_scores(self, wildcards: Wildcards) -> list[str]:
        """The score indexes that a study's tables are made of."""
        return self._scores(wildcards.study)

    def _scores(self, name: str) -> list[str]:
        panel = evaluations.panel(self._study(name), self.scale)
        return [
            str(self.workspace.paths.shard_scores(shard.key, panel))
            for shard in self._shards_of(name)
        ]

    def published(self, wildcards: Wildcards) -> list[str]:
        """The file of published numbers, if the study has one."""
        path = self.workspace.paper(wildcards.study) / PUBLISHED
        return [str(path)] * path.exists()

    def panel_code(self, wildcards: Wildcards) -> str:
        """Content hash of the code of each metric that a shard is asked."""
        metrics = sorted(self._panels[wildcards.panel].metrics)
        return " ".join(
            f"{name}={provenance.code(discover.located('metrics', name))}" for name in metrics
        )

    def table_code(self, wildcards: Wildcards) -> str:
        """Content hash of the code that makes this kind of table."""
        kind = self._study(wildcards.study).tables[wildcards.table].kind
        return provenance.code(discover.located("tables", kind))

    def figure_code(self, wildcards: Wildcards) -> str:
        """Content hash of the code that draws this kind of figure."""
        kind = self._figures(wildcards.study)[wildcards.figure].kind
        return provenance.code(discover.located("figures", kind))

    def compare_code(self, wildcards: Wildcards) -> str:
        """Content hash of the code that compares with published numbers."""
        study = self._study(wildcards.study)
        kinds = sorted({discover.located("tables", table.kind) for table in study.tables.values()})
        kinds += sorted(
            {
                discover.located("figures", figure.kind)
                for figure in self._figures(study.id).values()
            }
        )
        return provenance.code("facsimile.comparison.judge", *kinds)

    def claims_code(self, wildcards: Wildcards) -> str:
        """Content hash of the code that judges a study's claims."""
        kinds = sorted(
            {
                discover.located("claims", claim.statistic)
                for claim in self._study(wildcards.study).claims.values()
            }
        )
        return provenance.code("facsimile.comparison.claims", *kinds)

    def claims_spec(self, wildcards: Wildcards) -> str:
        """Canonical JSON of a study's claims."""
        stated = self._study(wildcards.study).claims
        return canonical.dumps(
            {name: claim.model_dump(exclude_unset=True) for name, claim in stated.items()}
        )

    def judged(self, wildcards: Wildcards) -> list[str]:
        """What a study's summary counts: its comparison, and its claims if it states any."""
        folder = self._folder(wildcards.study)
        return [
            f"{folder}/comparison.csv",
            *[f"{folder}/claims.csv"][: len(self._study(wildcards.study).claims)],
        ]

    def summary_code(self, wildcards: Wildcards) -> str:
        """Content hash of the code that writes summaries."""
        return provenance.code("facsimile.commands.pages.summary")

    def report(self, study: str) -> Callable[[Wildcards], list[str]]:
        """The pages of a study's report, and what they are made of."""
        return self._with_parts(study, [f"{self._folder(study)}/report", *self._shown(study)])

    def report_parts(self, wildcards: Wildcards) -> list[str]:
        """What the pages show: the gathered scores, the comparison, every table and figure, the claims."""
        gathered = [
            f"{self._folder(wildcards.study)}/{table}.parquet" for table in ("runs", "scores")
        ]
        return [*gathered, *self._shown(wildcards.study)]

    def report_code(self, wildcards: Wildcards) -> str:
        """Content hash of the code that makes the pages, and of the pages' own scripts, styles and libraries."""
        return canonical.hash8(
            [provenance.code("facsimile.report"), provenance.files(discover.PACKAGE / "report")]
        )

    def report_settings(self, wildcards: Wildcards) -> str:
        """Canonical JSON of what the pages say of the study beside its results, and of how many decoders they hold."""
        about = self._study(wildcards.study).model_dump(
            include={"title", "authors", "year", "venue", "arxiv", "code", "note"}
        )
        return canonical.dumps(about | {"decoders": self.workspace.config.report_decoders})

    def artefact_spec(self, wildcards: Wildcards) -> str:
        """Canonical JSON of what the study file says of a table or figure."""
        is_table = "table" in wildcards.keys()  # noqa: SIM118 (not a mapping)
        tables, figures = self._study(wildcards.study).tables, self._figures(wildcards.study)
        found = tables[wildcards.table] if is_table else figures[wildcards.figure]
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
        return cost.minutes(self._score_seconds(wildcards.panel) * turns, attempt)

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
        return {
            evaluations.panel(study, self.scale): study for study in map(self._study, self.studies)
        }

    @functools.lru_cache  # noqa: B019
    def _score_seconds(self, panel: str) -> float:
        return cost.score_seconds(self._panels[panel], self.scale)

    @functools.lru_cache  # noqa: B019
    def _figures(self, name: str) -> Any:
        study = self._study(name)
        return study.figures_of(study.datasets_of(study.scales[self.scale]))

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
