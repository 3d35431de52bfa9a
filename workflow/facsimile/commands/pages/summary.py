"""What a reproduction must say of itself, from study and results: a one-page summary and an artifact checklist, as Markdown.

The summary has the sections that the ML Reproducibility Challenge asks for, the checklist the criteria of the ACM badges
(v1.1) and what ACL's checklist adds on training. Nothing is invented: what only people know is said not to be stated.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from facsimile.comparison import claims, gathered
from facsimile.comparison.gathered import Gathered
from facsimile.foundation import atomic
from facsimile.foundation.units import duration
from facsimile.planning import cost
from facsimile.planning.workspace import Workspace
from facsimile.presentation import departures, names
from facsimile.presentation.markdown import grid
from facsimile.studies.study import Study

FILES = ("summary.md", "artifact-checklist.md")
UNSTATED = (
    "Not stated. Only those who made this reproduction know; write it here before you hand it in."
)
YES, NO, UNKNOWN = "yes", "no", "not stated"
Item = tuple[str, str, str]  # criterion, answer, evidence


def write(workspace: Workspace, name: str) -> list[Path]:
    """Write both files into the folder of a study's results; answers their paths."""
    found = gathered.gathered(workspace, name)
    folder = workspace.paths.study(name, workspace.config.scale)
    verdicts = {table: _verdicts(folder / f"{table}.csv") for table in ("comparison", "claims")}
    pages = (_page(found, verdicts), _checklist(found, workspace))
    for file, text in zip(FILES, pages, strict=True):
        atomic.write_bytes(folder / file, text.encode())
    return [folder / file for file in FILES]


def _page(found: Gathered, verdicts: dict[str, dict[str, int]]) -> str:
    study = found.study
    parts = [
        f"# Reproducibility summary: {study.title}",
        f"{study.authors}. {study.venue}. Reproduced with Facsimile at {found.context.scale.name} scale.",
        "## Scope of reproducibility",
        "\n".join(_scope(study)),
        "## Methodology",
        "\n".join(_methodology(found)),
        "## Results",
        "\n".join(_results(found, verdicts)),
        *(
            line
            for head in ("What was easy", "What was difficult")
            for line in (f"## {head}", UNSTATED)
        ),
        "## Communication with the original authors",
        UNSTATED,
    ]
    return "\n\n".join(parts) + "\n"


def _scope(study: Study) -> Iterator[str]:
    if not study.claims:
        yield "The study file states no claims; what is reproduced are the tables and figures that it lists."
    yield from (f"- {claim.text} ({claim.source})" for claim in study.claims.values())


def _methodology(found: Gathered) -> Iterator[str]:
    trained, done = _trained(found), _done(found)
    yield f"- {len(done):,} of {len(trained):,} trained runs are done; the paper's design has {found.context.design.published_runs:,}."
    yield f"- Data sets: {names.listed([names.dataset(d) for d in found.context.scale.datasets])}."
    yield f"- {found.context.protocol(list(found.context.scale.datasets))}."
    yield f"- Training took {duration(_seconds(done))} in all, on {_counted(done, 'device')} ({_counted(done, 'precision')})."
    yield "- Methods, metrics and data sets are written anew; where a published implementation differs, a convention names it."


def _results(found: Gathered, verdicts: dict[str, dict[str, int]]) -> Iterator[str]:
    for what, table in (("Published numbers", "comparison"), ("Claims", "claims")):
        counts = verdicts[table]
        yield f"- {what}: {', '.join(f'{n:,} {word}' for word, n in counts.items()) or 'none judged'}."
    said = departures.said(found.context.scale.departures)
    yield (
        f"- This scale departs from the study: {'; '.join(said)}."
        if said
        else "- This scale departs from the study in nothing."
    )
    if failed := int((_trained(found)["state"] == "failed").sum()):
        yield f"- {failed:,} of {len(_trained(found)):,} runs failed; their reasons stand under every table."


def _checklist(found: Gathered, workspace: Workspace) -> str:
    parts = [f"# Artifact checklist: {found.study.id} at {found.context.scale.name} scale"]
    for head, items in _criteria(found, workspace).items():
        parts += [f"## {head}", "\n".join(grid(("criterion", "answer", "evidence"), items))]
    return "\n\n".join(parts) + "\n"


def _criteria(found: Gathered, workspace: Workspace) -> dict[str, list[Item]]:
    return {
        "Artifacts available": list(_available(found.study)),
        "Artifacts functional": list(_functional(found, workspace)),
        "Results reproduced": list(_reproduced(found, workspace)),
        "Training": list(_training(found)),
    }


def _available(study: Study) -> Iterator[Item]:
    yield "in an archive with a DOI", UNKNOWN, "whoever publishes it knows"
    yield _file("licence", "LICENSE")
    readme = (
        " ".join(Path("README.md").read_text(encoding="utf-8").split())
        if Path("README.md").exists()
        else ""
    )
    yield "README that names the paper", YES if study.title in readme else NO, "`README.md`"
    yield _file("how to cite it", "CITATION.cff")


def _functional(found: Gathered, workspace: Workspace) -> Iterator[Item]:
    yield _file("documented", "docs")
    trained, done = _trained(found), _done(found)
    whole = YES if len(done) == len(trained) else NO
    yield "complete: every run of this scale is done", whole, f"{len(done):,} of {len(trained):,}"
    yield (
        "exercisable: minutes instead of days",
        YES if "smoke" in found.study.scales else NO,
        f"`{_typed(found.study.id, 'smoke')}`",
    )
    yield _file("exact environment", "envs/requirements.lock")
    yield _file("container built from a script", "envs/facsimile.def")


def _reproduced(found: Gathered, workspace: Workspace) -> Iterator[Item]:
    price = cost.cost_of(workspace, found.study)
    yield "resources, where nothing is made yet", YES, price
    for id, claim in found.study.claims.items():
        yield (
            f"command of the claim {id}",
            YES,
            f"`{claims.command(found.study.id, found.context.scale.name, claim.target)}`",
        )
    unchecked = [id for id, claim in found.study.claims.items() if not claim.verified]
    yield (
        "claims checked against the paper's PDF",
        NO if unchecked else YES,
        f"{len(unchecked)} are not",
    )
    yield (
        "where each table and figure comes from",
        YES,
        "`*.crate/ro-crate-metadata.json` beside it",
    )


def _training(found: Gathered) -> Iterator[Item]:
    trained, done = _trained(found), _done(found)
    yield "number of training runs", YES, f"{len(done):,} done, of {len(trained):,}"
    yield (
        "mean time of a run",
        YES if len(done) else UNKNOWN,
        duration(_seconds(done) / len(done)) if len(done) else "none done",
    )
    yield "machines", YES if len(done) else UNKNOWN, _counted(done, "device")
    bounds = [
        f"{names.model(m.name)} {names.parameter(k)} {min(v):g} to {max(v):g}"
        for m in found.study.models
        for k, v in m.sweep.items()
    ]
    yield "bounds of hyper-parameters", YES, "; ".join(bounds) or "none is swept"
    yield (
        "how hyper-parameters were chosen",
        YES,
        "none was chosen: every value of the study is run and shown",
    )
    yield "parameters of each model", UNKNOWN, "not recorded with the runs"
    yield "energy", UNKNOWN, "not measured"


def _typed(study: str, scale: str) -> str:
    return f"snakemake {study} --config scale={scale}"


def _file(criterion: str, path: str) -> Item:
    return criterion, YES if Path(path).exists() else NO, f"`{path}`"


def _trained(found: Gathered) -> pd.DataFrame:
    return found.runs[~found.runs["control"].astype(bool)]


def _done(found: Gathered) -> pd.DataFrame:
    trained = _trained(found)
    return trained[trained["state"] == "done"]


def _seconds(done: pd.DataFrame) -> float:
    return float(pd.to_numeric(done["seconds"]).sum())


def _counted(done: pd.DataFrame, column: str) -> str:
    counts = done[column].fillna("not recorded").value_counts()
    return (
        ", ".join(
            f"{value} ({n:,} runs)" if len(counts) > 1 else str(value)
            for value, n in counts.items()
        )
        or "not recorded"
    )


def _verdicts(path: Path) -> dict[str, int]:
    """Verdict -> how many, of a table of them; empty where there is none."""
    if not path.exists():
        return {}
    return {str(word): int(n) for word, n in pd.read_csv(path)["verdict"].value_counts().items()}
