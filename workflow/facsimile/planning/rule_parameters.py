"""What the rules depend on besides files: hashes of code, and parts of study files.

Snakemake runs a job again if one of these has changed.
"""

from collections.abc import Iterable
from typing import Any

from facsimile.foundation import canonical, discover, provenance
from facsimile.planning.studies_at_scale import StudiesAtScale, Wildcards

# Keys of a study that its report shows.
FACTS = {"title", "authors", "year", "venue", "arxiv", "code", "note"}


class RuleParameters:
    """The parameters of the rules that score runs, and that make something of the scores."""

    def __init__(self, studies: StudiesAtScale) -> None:
        """``studies``: those that are planned."""
        self._studies = studies

    def panel_code(self, wildcards: Wildcards) -> str:
        """Return the code hash of each metric in the panel of a shard."""
        _, parts = self._studies.of_panel(wildcards.panel)
        names = sorted({metric for metric, _ in parts})
        return " ".join(f"{name}={provenance.metric_code(name)}" for name in names)

    def table_code(self, wildcards: Wildcards) -> str:
        """Return the code hash of a table's kind."""
        study = self._studies.study(wildcards.study)
        return _code("tables", study.tables[wildcards.table].kind)

    def figure_code(self, wildcards: Wildcards) -> str:
        """Return the code hash of a figure's kind."""
        figures = self._studies.figures(wildcards.study)
        return _code("figures", figures[wildcards.figure].kind)

    def artefact_spec(self, wildcards: Wildcards) -> str:
        """Return the entry of a table or figure in the study file, as canonical JSON."""
        if "table" in wildcards.keys():  # noqa: SIM118 (not a mapping)
            artefact = self._studies.study(wildcards.study).tables[wildcards.table]
        else:
            artefact = self._studies.figures(wildcards.study)[wildcards.figure]
        return canonical.dumps(artefact.model_dump(exclude_unset=True))

    def compare_code(self, wildcards: Wildcards) -> str:
        """Return the code hash of the comparison with published numbers."""
        tables = self._studies.study(wildcards.study).tables.values()
        figures = self._studies.figures(wildcards.study).values()
        # Each kind lists the numbers that are compared.
        modules = _modules("tables", [table.kind for table in tables])
        modules += _modules("figures", [figure.kind for figure in figures])
        return provenance.code("facsimile.comparison.judge", *modules)

    def claims_code(self, wildcards: Wildcards) -> str:
        """Return the code hash of the statistics of a study's claims, and of their verdicts."""
        claims = self._studies.study(wildcards.study).claims.values()
        modules = _modules("claims", [claim.statistic for claim in claims])
        return provenance.code("facsimile.comparison.claims", *modules)

    def claims_spec(self, wildcards: Wildcards) -> str:
        """Return a study's claims as canonical JSON."""
        claims = self._studies.study(wildcards.study).claims
        specs: dict[str, Any] = {}
        for name, claim in claims.items():
            # Without defaults, so that a new key of claims does not rerun the rule.
            specs[name] = claim.model_dump(exclude_unset=True)
        return canonical.dumps(specs)

    def summary_code(self, wildcards: Wildcards) -> str:
        """Return the code hash of the summary."""
        return provenance.code("facsimile.commands.pages.summary")

    def report_code(self, wildcards: Wildcards) -> str:
        """Return a hash of the report's code and of its scripts, styles and libraries."""
        code = provenance.code("facsimile.report")
        files = provenance.files(discover.PACKAGE / "report")
        return canonical.hash8([code, files])

    def report_settings(self, wildcards: Wildcards) -> str:
        """Return the settings of a report besides results, as canonical JSON.

        They are facts about the paper, and the number of decoders in the report.
        """
        facts = self._studies.study(wildcards.study).model_dump(include=FACTS)
        decoders = self._studies.workspace.config.report_decoders
        return canonical.dumps(facts | {"decoders": decoders})


def _modules(kind: str, names: Iterable[str]) -> list[str]:
    """Return the modules of several names of a kind, each once, sorted."""
    return sorted({discover.module_name(kind, name) for name in names})


def _code(kind: str, name: str) -> str:
    """Return the code hash of a name of a kind."""
    return provenance.code(discover.module_name(kind, name))
