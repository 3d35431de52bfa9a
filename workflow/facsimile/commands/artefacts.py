"""Make the tables, figures, comparison and verdicts of a study from its scores, and print them."""

from datetime import datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from facsimile import figures, tables
from facsimile.comparison import claims as comparison_claims
from facsimile.comparison import claims_view, judge, numbers_view
from facsimile.comparison.gathered import Gathered, gathered
from facsimile.foundation import atomic, discover
from facsimile.foundation.discover import UnknownName
from facsimile.planning.cost import cost_of
from facsimile.planning.workspace import PUBLISHED, STUDY, Workspace
from facsimile.presentation import crates
from facsimile.presentation.spec import Spec
from facsimile.scoring.specimens import StoredSpecimens


def table(
    workspace: Workspace,
    study: str,
    name: str,
) -> None:
    """Write one table as CSV, Markdown and LaTeX, with its crate."""
    began = crates.now()
    results = gathered(workspace, study)
    content = _table(results, name)
    folder = _folder(workspace, study) / "tables"
    paths = tables.save(content, folder, name)
    spec = Spec.of(name, results.study.tables[name])
    module = discover.module_name("tables", spec.kind)
    _write_crate(workspace, results, spec, module, paths, began)


def figure(
    workspace: Workspace,
    study: str,
    name: str,
) -> None:
    """Write one figure as PDF and PNG, and its data as CSV, with its crate."""
    began = crates.now()
    results = gathered(workspace, study)
    # A scale may have fewer data sets, and draw fewer figures.
    available = results.study.figures_at(results.study.scales[workspace.config.scale])
    if name not in available:
        kind = f"figure of {study} at scale {workspace.config.scale}"
        raise UnknownName(kind, name, list(available))
    spec = Spec.of(name, available[name])
    # Some kinds of figures show codes, images and decoders of stored models.
    specimens = StoredSpecimens(workspace, results.study)
    content = figures.draw(spec.kind, results.scores, spec, results.context, specimens)
    folder = _folder(workspace, study) / "figures"
    paths = figures.save(content, folder, name)
    module = discover.module_name("figures", spec.kind)
    _write_crate(workspace, results, spec, module, paths, began)


def compare(workspace: Workspace, study: str) -> None:
    """Write comparison.csv."""
    comparison = _comparison(gathered(workspace, study))
    judge.save(comparison, _folder(workspace, study) / "comparison.csv")


def claims(
    workspace: Workspace,
    study: str,
    console: Console | None = None,
) -> None:
    """Print the verdicts on the claims of a study, or write claims.csv without a ``console``.

    Raises LookupError if the study states no claims.
    """
    results = gathered(workspace, study)
    if not results.study.claims:
        path = workspace.paper(study) / STUDY
        raise LookupError(f"{study} states no claims: {path} has none under claims:")
    verdicts = _claims(workspace, results)
    if console:
        console.print(claims_view.console(verdicts))
    else:
        text = verdicts.to_csv(index=False, lineterminator="\n")
        atomic.write_bytes(_folder(workspace, study) / "claims.csv", text.encode())


def show(
    workspace: Workspace,
    study: str,
    console: Console,
) -> None:
    """Print the tables of a study, its comparison, its claims, and where its files are."""
    results = gathered(workspace, study)
    for name in results.study.tables:
        console.print(_table(results, name).console())
    console.print(numbers_view.console(_comparison(results)))
    if results.study.claims:
        console.print(claims_view.console(_claims(workspace, results)))
    for path in sorted(_folder(workspace, study).rglob("*.*")):
        # A crate holds copies of the files beside it.
        if path.parent.suffix != ".crate":
            console.print(str(path), highlight=False, soft_wrap=True)


def _folder(workspace: Workspace, study: str) -> Path:
    """Results of a study at the configured scale."""
    return workspace.paths.study(study, workspace.config.scale)


def _write_crate(
    workspace: Workspace,
    results: Gathered,
    spec: Spec,
    module: str,
    outputs: list[Path],
    began: datetime,
) -> None:
    """Write the provenance of a table or figure beside it."""
    study = results.study.id
    folder = _folder(workspace, study)
    paper = workspace.paper(study)
    inputs = crates.existing(
        [
            folder / "scores.parquet",
            folder / "runs.parquet",
            paper / STUDY,
            paper / PUBLISHED,
        ]
    )
    ended = crates.now()
    crates.write(
        crates.Production(
            spec, results.context, module, outputs, inputs, results.runs, began, ended
        )
    )


def _table(results: Gathered, name: str) -> tables.Table:
    study = results.study
    if name not in study.tables:
        raise UnknownName(f"table of {study.id}", name, list(study.tables))
    spec = Spec.of(name, study.tables[name])
    return tables.make(results.scores, results.runs, spec, results.context)


def _claims(workspace: Workspace, results: Gathered) -> pd.DataFrame:
    cost = cost_of(workspace, results.study)
    return comparison_claims.table(results.study, results.scores, results.context, cost)


def _comparison(results: Gathered) -> pd.DataFrame:
    specs = Spec.all(results.study, results.context.scale.name)
    return judge.compare(results.scores, results.numbers, specs, results.context)
