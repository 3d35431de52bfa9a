"""Tables, figures and verdicts of the scores that come with Facsimile, for a report about them."""

import shutil

from facsimile import tables
from facsimile.commands import artefacts, show
from facsimile.comparison.gathered import gathered
from facsimile.foundation.log import Log
from facsimile.planning import shipped
from facsimile.planning.workspace import Workspace
from facsimile.scoring import collect


def remade(
    workspace: Workspace,
    name: str,
    log: Log,
) -> Workspace:
    """Make everything that needs only the shipped scores of a study; train and score nothing.

    Returns a workspace whose results are those files. Figures that show models need the models
    and are left out. Raises FileNotFoundError if no scores are shipped for the configured scale.
    """
    there = workspace.with_shipped_scores()
    study, scale = there.study(name), there.config.scale
    if not shipped.is_shipped(name, scale):
        raise FileNotFoundError(shipped.missing(study, scale))
    # What an older version made must not stay beside the new files.
    shutil.rmtree(there.paths.study(name, scale), ignore_errors=True)
    collect.collect(there, study)
    artefacts.compare(there, name)
    if study.claims:
        artefacts.claims(there, name)
    for table in study.tables:
        log(f"table {table}")
        artefacts.table(there, name, table)
    for figure, spec in study.figures_at(study.scales[scale]).items():
        if not shipped.needs_store(spec.kind):
            log(f"figure {figure}")
            artefacts.figure(there, name, figure)
    log(f"from {shipped.folder(name, scale)}: the scores that come with Facsimile")
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
