"""Make the tables, figures, comparison and verdicts of a study from its scores.

What only one command needs is imported there: each command is a process of its own.
"""

from datetime import datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from facsimile import tables
from facsimile.comparison import claims as comparison_claims
from facsimile.comparison import claims_view, judge
from facsimile.comparison.gathered import Gathered, gathered
from facsimile.foundation import atomic, discover
from facsimile.foundation.discover import UnknownName
from facsimile.planning.cost import cost_of
from facsimile.planning.workspace import PUBLISHED, STUDY, Workspace
from facsimile.presentation.spec import Spec


def table(
    workspace: Workspace,
    study: str,
    name: str,
) -> None:
    """Write one table as CSV, Markdown and LaTeX, with its crate."""
    from facsimile.presentation import crates

    began = crates.now()
    results = gathered(workspace, study)
    content = table_of(results, name)
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
    from facsimile import figures
    from facsimile.presentation import crates
    from facsimile.scoring.specimens import StoredSpecimens

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
    write_comparison(gathered(workspace, study), _folder(workspace, study))


def claims(
    workspace: Workspace,
    study: str,
    console: Console | None = None,
) -> None:
    """Print the verdicts on the claims of a study; without a ``console``, write them.

    They are written to claims.csv, and the statistics on each data set to claims_by_dataset.csv.

    Raises LookupError if the study has no claims.
    """
    results = gathered(workspace, study)
    if not results.study.claims:
        path = workspace.paper(study) / STUDY
        raise LookupError(f"{study} has no claims: {path} has none under claims:")
    if console:
        console.print(claims_view.console(claims_of(workspace, results)))
    else:
        write_claims(workspace, results, _folder(workspace, study))


def write_comparison(results: Gathered, folder: Path) -> None:
    """Write comparison.csv into a folder."""
    judge.save(comparison_of(results), folder / "comparison.csv")


def write_claims(
    workspace: Workspace,
    results: Gathered,
    folder: Path,
) -> None:
    """Write claims.csv and claims_by_dataset.csv into a folder."""
    verdicts = claims_of(workspace, results)
    by_dataset = comparison_claims.by_dataset(results.study, results.scores, results.context)
    for name, content in (("claims", verdicts), ("claims_by_dataset", by_dataset)):
        text = content.to_csv(index=False, lineterminator="\n")
        atomic.write_bytes(folder / f"{name}.csv", text.encode())


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
    from facsimile.presentation import crates

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


def table_of(results: Gathered, name: str) -> tables.Table:
    """Make one table of a study; raises UnknownName."""
    study = results.study
    if name not in study.tables:
        raise UnknownName(f"table of {study.id}", name, list(study.tables))
    spec = Spec.of(name, study.tables[name])
    return tables.make(results.scores, results.runs, spec, results.context)


def claims_of(workspace: Workspace, results: Gathered) -> pd.DataFrame:
    """Test all claims of a study."""
    cost = cost_of(workspace, results.study)
    return comparison_claims.table(results.study, results.scores, results.context, cost)


def comparison_of(results: Gathered) -> pd.DataFrame:
    """Compare all published numbers of a study with its scores."""
    specs = Spec.all(results.study, results.context.scale.name)
    return judge.compare(results.scores, results.numbers, specs, results.context)
