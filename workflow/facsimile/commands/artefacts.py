"""Make one table, figure, comparison or table of claims of a study from its gathered scores, and show them."""

from datetime import datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from facsimile import figures, tables
from facsimile.comparison import claims as comparison_claims
from facsimile.comparison import claims_view, numbers_view
from facsimile.comparison import judge as comparing
from facsimile.comparison.gathered import Gathered, gathered, printed
from facsimile.foundation import atomic, discover
from facsimile.foundation.discover import UnknownName
from facsimile.planning.cost import cost_of
from facsimile.planning.workspace import PUBLISHED, STUDY, Workspace
from facsimile.presentation import crates
from facsimile.presentation.spec import Spec
from facsimile.scoring.specimens import StoredSpecimens


def table(workspace: Workspace, study: str, name: str) -> None:
    """Write one table as CSV, Markdown and LaTeX."""
    began, found = crates.now(), gathered(workspace, study)
    paths = tables.save(
        _table(found, name), workspace.paths.study(study, workspace.config.scale) / "tables", name
    )
    spec = Spec.of(name, found.study.tables[name])
    _crate(workspace, found, spec, discover.located("tables", spec.kind), paths, began)


def figure(workspace: Workspace, study: str, name: str) -> None:
    """Write one figure as PDF and PNG, and its data as CSV."""
    began, found = crates.now(), gathered(workspace, study)
    known = found.study.figures_of(list(found.context.scale.datasets))
    if name not in known:
        raise UnknownName(f"figure of {study} at scale {workspace.config.scale}", name, list(known))
    spec = Spec.of(name, known[name])
    drawn = figures.draw(
        spec.kind, found.scores, spec, found.context, StoredSpecimens(workspace, found.study)
    )
    paths = figures.save(
        drawn, workspace.paths.study(study, workspace.config.scale) / "figures", name
    )
    _crate(workspace, found, spec, discover.located("figures", spec.kind), paths, began)


def compare(workspace: Workspace, study: str) -> None:
    """Write comparison.csv."""
    comparing.save(
        _comparison(workspace, gathered(workspace, study)),
        workspace.paths.study(study, workspace.config.scale) / "comparison.csv",
    )


def claims(workspace: Workspace, study: str, console: Console | None = None) -> None:
    """Write claims.csv, or print it; raises LookupError for a study that states no claims."""
    found = gathered(workspace, study)
    if not found.study.claims:
        raise LookupError(
            f"{study} states no claims: {workspace.paper(study) / STUDY} has none under claims:"
        )
    judged = _claims(workspace, found)
    if console:
        console.print(claims_view.console(judged))
    else:
        text = judged.to_csv(index=False, lineterminator="\n")
        atomic.write_bytes(
            workspace.paths.study(study, workspace.config.scale) / "claims.csv", text.encode()
        )


def show(workspace: Workspace, study: str, console: Console) -> None:
    """Print every table of a study, its comparison with the published numbers, its claims, and where its files are."""
    found = gathered(workspace, study)
    for name in found.study.tables:
        console.print(_table(found, name).console())
    console.print(numbers_view.console(_comparison(workspace, found)))
    if found.study.claims:
        console.print(claims_view.console(_claims(workspace, found)))
    for path in sorted(workspace.paths.study(study, workspace.config.scale).rglob("*.*")):
        if path.parent.suffix != ".crate":  # it holds the same files again
            console.print(str(path), highlight=False, soft_wrap=True)


def _crate(
    workspace: Workspace,
    found: Gathered,
    spec: Spec,
    module: str,
    paths: list[Path],
    began: datetime,
) -> None:
    """Write where an artefact comes from, beside it."""
    study = found.study.id
    gathered = [
        workspace.paths.study(study, workspace.config.scale) / f"{table}.parquet"
        for table in ("scores", "runs")
    ]
    stated = [workspace.paper(study) / STUDY, workspace.paper(study) / PUBLISHED]
    inputs = crates.existing([*gathered, *stated])
    crates.write(
        crates.Made(spec, found.context, module, paths, inputs, found.runs, began, crates.now())
    )


def _table(found: Gathered, name: str) -> tables.Table:
    if name not in found.study.tables:
        raise UnknownName(f"table of {found.study.id}", name, list(found.study.tables))
    return tables.make(
        found.scores, found.runs, Spec.of(name, found.study.tables[name]), found.context
    )


def _claims(workspace: Workspace, found: Gathered) -> pd.DataFrame:
    return comparison_claims.table(
        found.study, found.scores, found.context, cost_of(workspace, found.study)
    )


def _comparison(workspace: Workspace, found: Gathered) -> pd.DataFrame:
    numbers = printed(workspace, found.study.id, found.context)
    return comparing.compare(
        found.scores, numbers, Spec.all(found.study, workspace.config.scale), found.context
    )
