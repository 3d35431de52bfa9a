"""What a reproduction should report: a one-page summary and an artifact checklist, as Markdown.

The summary has the sections of the ML Reproducibility Challenge. The checklist has the criteria of
the ACM badges (v1.1), and those on training of the ACL checklist. Both are made from the study and
its results. What only the people involved know is marked as not stated.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from facsimile.comparison import claims, gathered
from facsimile.comparison.gathered import Gathered
from facsimile.comparison.verdict import counts_in_words
from facsimile.foundation import atomic
from facsimile.foundation.units import duration
from facsimile.planning import cost
from facsimile.planning.workspace import Workspace
from facsimile.presentation import departures, names
from facsimile.presentation.markdown import grid
from facsimile.studies.study import Study

FILES = ("summary.md", "artifact-checklist.md")
UNSTATED = (
    "Not stated. Only those who made this reproduction know; write it here before you submit it."
)
YES, NO, UNKNOWN = "yes", "no", "not stated"
Item = tuple[str, str, str]  # criterion, answer, evidence
Verdicts = dict[str, str]  # verdict -> how often, in words


def write(
    workspace: Workspace,
    name: str,
) -> list[Path]:
    """Write both files into the results of a study; return their paths."""
    results = gathered.gathered(workspace, name)
    folder = workspace.paths.study(name, workspace.config.scale)
    numbers = _verdicts(folder / "comparison.csv")
    claim_verdicts = _verdicts(folder / "claims.csv")
    pages = (_summary(results, numbers, claim_verdicts), _checklist(results, workspace))
    paths = [folder / file for file in FILES]
    for path, text in zip(paths, pages, strict=True):
        atomic.write_bytes(path, text.encode())
    return paths


def _summary(
    results: Gathered,
    numbers: Verdicts,
    claim_verdicts: Verdicts,
) -> str:
    study = results.study
    scale = results.context.scale.name
    parts = [
        f"# Reproducibility summary: {study.title}",
        f"{study.authors}. {study.venue}. Reproduced with Facsimile at {scale} scale.",
        "## Scope of reproducibility",
        "\n".join(_scope(study)),
        "## Methodology",
        "\n".join(_methodology(results)),
        "## Results",
        "\n".join(_results(results, numbers, claim_verdicts)),
        "## What was easy",
        UNSTATED,
        "## What was difficult",
        UNSTATED,
        "## Communication with the original authors",
        UNSTATED,
    ]
    return "\n\n".join(parts) + "\n"


def _scope(study: Study) -> Iterator[str]:
    if not study.claims:
        yield "The study file has no claims; the tables and figures in it are reproduced."
    for claim in study.claims.values():
        yield f"- {claim.text} ({claim.source})"


def _methodology(results: Gathered) -> Iterator[str]:
    scale = results.context.scale
    trained = _trained(results)
    finished = _finished(results)
    published = results.context.design.published_runs
    yield (
        f"- {len(finished):,} of {len(trained):,} trained runs are done; "
        f"the paper's design has {published:,}."
    )
    yield f"- Data sets: {names.enumeration([names.dataset(name) for name in scale.datasets])}."
    yield f"- {results.context.protocol(list(scale.datasets))}."
    total = duration(_seconds(finished))
    device = _values(finished, "device")
    precision = _values(finished, "precision")
    yield f"- Training took {total} in all, on {device} ({precision})."
    yield (
        "- Methods, metrics and data sets are new implementations; "
        "where a published implementation differs, a convention names it."
    )


def _results(
    results: Gathered,
    numbers: Verdicts,
    claim_verdicts: Verdicts,
) -> Iterator[str]:
    for title, verdicts in (("Published numbers", numbers), ("Claims", claim_verdicts)):
        counts = ", ".join(verdicts.values())
        yield f"- {title}: {counts or 'none judged'}."
    differences = departures.sentences(results.context.scale.departures)
    if differences:
        yield f"- This scale departs from the study: {'; '.join(differences)}."
    else:
        yield "- This scale does not depart from the study."
    trained = _trained(results)
    n_failed = int((trained["state"] == "failed").sum())
    if n_failed:
        yield f"- {n_failed:,} of {len(trained):,} runs failed; the reasons are under each table."


def _checklist(results: Gathered, workspace: Workspace) -> str:
    sections = {
        "Artifacts available": _available(results.study, workspace),
        "Artifacts functional": _functional(results),
        "Results reproduced": _reproduced(results, workspace),
        "Training": _training(results),
    }
    parts = [f"# Artifact checklist: {results.study.id} at {results.context.scale.name} scale"]
    for title, items in sections.items():
        table = grid(("criterion", "answer", "evidence"), items)
        parts += [f"## {title}", "\n".join(table)]
    return "\n\n".join(parts) + "\n"


def _available(
    study: Study,
    workspace: Workspace,
) -> Iterator[Item]:
    yield "in an archive with a DOI", UNKNOWN, "whoever publishes it knows"
    yield _file("licence", "LICENSE")
    page = workspace.paper(study.id) / "README.md"
    evidence = "`README.md` in the folder of the paper"
    yield "README that names the paper", _yes_or_no(_names(page, study)), evidence
    yield _file("how to cite it", "CITATION.cff")


def _names(path: Path, study: Study) -> bool:
    """Whether a page has the title of a paper."""
    if not path.exists():
        return False
    # A title may be broken over two lines.
    words = path.read_text(encoding="utf-8").split()
    return study.title in " ".join(words)


def _functional(results: Gathered) -> Iterator[Item]:
    study = results.study
    n_trained = len(_trained(results))
    n_finished = len(_finished(results))
    complete = _yes_or_no(n_finished == n_trained)
    progress = f"{n_finished:,} of {n_trained:,}"
    yield _file("documented", "docs")
    yield "complete: every run of this scale is done", complete, progress
    command = f"`snakemake {study.id} --config scale=smoke`"
    yield "exercisable: minutes instead of days", _yes_or_no("smoke" in study.scales), command
    yield _file("exact environment", "envs/requirements.lock")
    yield _file("container built from a script", "Dockerfile")


def _reproduced(
    results: Gathered,
    workspace: Workspace,
) -> Iterator[Item]:
    study = results.study
    scale = results.context.scale.name
    yield "resources needed from scratch", YES, cost.cost_of(workspace, study)
    for name, claim in study.claims.items():
        command = claims.command(study.id, scale, claim.target)
        yield f"command of the claim {name}", YES, f"`{command}`"
    # A claim is checked once somebody has compared its text with the paper.
    n_unchecked = sum(not claim.verified for claim in study.claims.values())
    yield (
        "claims checked against the paper's PDF",
        _yes_or_no(n_unchecked == 0),
        f"{n_unchecked} are not",
    )
    crate = "`*.crate/ro-crate-metadata.json` beside it"
    yield "where each table and figure comes from", YES, crate


def _training(results: Gathered) -> Iterator[Item]:
    finished = _finished(results)
    n_finished = len(finished)
    n_trained = len(_trained(results))
    yield "number of training runs", YES, f"{n_finished:,} done, of {n_trained:,}"
    recorded = YES if n_finished else UNKNOWN
    mean = duration(_seconds(finished) / n_finished) if n_finished else "none done"
    yield "mean time of a run", recorded, mean
    yield "machines", recorded, _values(finished, "device")
    bounds = "; ".join(_bounds(results.study))
    yield "bounds of hyper-parameters", YES, bounds or "none is swept"
    choice = "none was chosen: every value of the study is run and shown"
    yield "how hyper-parameters were chosen", YES, choice
    # The store records neither.
    yield "parameters of each model", UNKNOWN, "not recorded with the runs"
    yield "energy", UNKNOWN, "not measured"


def _bounds(study: Study) -> Iterator[str]:
    """Lowest and highest value of each hyper-parameter that a model sweeps."""
    for model in study.models:
        for name, values in model.sweep.items():
            label = f"{names.model(model.name)} {names.parameter(name)}"
            yield f"{label} {min(values):g} to {max(values):g}"


def _file(criterion: str, path: str) -> Item:
    return criterion, _yes_or_no(Path(path).exists()), f"`{path}`"


def _yes_or_no(fulfilled: bool) -> str:
    return YES if fulfilled else NO


def _trained(results: Gathered) -> pd.DataFrame:
    """Runs without controls, which are not trained."""
    return results.runs[~results.runs["control"].astype(bool)]


def _finished(results: Gathered) -> pd.DataFrame:
    trained = _trained(results)
    return trained[trained["state"] == "done"]


def _seconds(runs: pd.DataFrame) -> float:
    return float(pd.to_numeric(runs["seconds"]).sum())


def _values(runs: pd.DataFrame, column: str) -> str:
    """The values of a column, each with its number of runs if they differ."""
    counts = runs[column].fillna("not recorded").value_counts()
    if len(counts) == 1:
        return str(counts.index[0])
    values = [f"{value} ({count:,} runs)" for value, count in counts.items()]
    return ", ".join(values) or "not recorded"


def _verdicts(path: Path) -> Verdicts:
    """Verdict -> how often it occurs in a table, in words; empty if there is no table."""
    return counts_in_words(pd.read_csv(path)["verdict"]) if path.exists() else {}
