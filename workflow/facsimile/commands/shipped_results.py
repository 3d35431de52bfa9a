"""Tables, figures and verdicts of the scores that come with Facsimile, for a report about them."""

import shutil

from facsimile import tables
from facsimile.commands import artefacts, show
from facsimile.comparison.gathered import gathered
from facsimile.foundation import discover
from facsimile.foundation.log import Log
from facsimile.planning.workspace import REFERENCE, Workspace

FOLDER = "shipped"  # below the results: Snakemake looks for none of these files
COPIED = ("runs.parquet", "scores.parquet")


def remade(workspace: Workspace, name: str, log: Log) -> Workspace:
    """Make everything that the shipped scores of a study suffice for; train and score nothing.

    Returns a workspace whose results are those files. Figures that show models need the models
    and are left out. Raises FileNotFoundError if no scores are shipped for the configured scale.
    """
    source = show.located(workspace, name, reference=True)
    results = workspace.config.results / FOLDER
    there = Workspace(workspace.config.model_copy(update={"results": results}))
    folder = there.paths.study(name, there.config.scale)
    # What an older version made must not stay beside the new files.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in COPIED:
        shutil.copyfile(source / file, folder / file)
    study = there.study(name)
    artefacts.compare(there, name)
    if study.claims:
        artefacts.claims(there, name)
    for table in study.tables:
        log(f"table {table}")
        artefacts.table(there, name, table)
    figures = study.figures_of(study.datasets_of(study.scales[there.config.scale]))
    for figure, spec in figures.items():
        if not _shows_models(spec.kind):
            log(f"figure {figure}")
            artefacts.figure(there, name, figure)
    log(f"from {REFERENCE / name}: the scores that come with Facsimile; models are not shipped")
    return there


def refresh(workspace: Workspace, name: str) -> None:
    """Write the tables and verdicts beside the shipped scores of a study again.

    Needed after a change of the study, its published numbers, or the rules. Raises
    FileNotFoundError if no scores are shipped for the configured scale.
    """
    folder = show.located(workspace, name, reference=True)
    results = gathered(workspace, name, folder)
    artefacts.write_comparison(results, folder)
    if results.study.claims:
        artefacts.write_claims(workspace, results, folder)
    for table in results.study.tables:
        tables.save(artefacts.table_of(results, table), folder, table)


def _shows_models(kind: str) -> bool:
    module = discover.module("figures", kind)
    return bool(getattr(module, "SHOWS_MODELS", False))
