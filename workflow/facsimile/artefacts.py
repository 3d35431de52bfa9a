"""Make one table, figure, comparison or table of claims of a study from its gathered scores, and show them."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from facsimile import atomic, claim_verdicts, cost, crates, figures, published, store, tables, verdicts
from facsimile import claims as judging
from facsimile import compare as comparing
from facsimile.discover import UnknownName
from facsimile.presentation import Context, Spec
from facsimile.published import Published
from facsimile.specimens import Stored
from facsimile.studyfile import Study
from facsimile.workspace import Workspace


@dataclass(frozen=True)
class Gathered:
    """A study's tables at the configured scale."""

    study: Study
    runs: pd.DataFrame
    scores: pd.DataFrame
    context: Context


def gathered(at: Workspace, name: str) -> Gathered:
    """Read runs.parquet and scores.parquet of a study; raises FileNotFoundError that says what to type."""
    folder = at.paths.study(name, at.config.scale)
    if not (folder / "scores.parquet").exists():
        raise FileNotFoundError(f"{folder}: no scores yet; make them: snakemake {name} --config scale={at.config.scale}")
    study = at.study(name)
    runs, scores = (pd.read_parquet(folder / f"{table}.parquet") for table in ("runs", "scores"))
    context = Context.of(study, at.config.scale)
    printed, peers = ({n.quantity: n.value for n in reversed(some)} for some in _by_whom(_printed(at, name, context)))
    return Gathered(study, runs, scores, dataclasses.replace(context, printed=printed, peers=peers, history=_history(at)))


def _history(at: Workspace) -> Callable[[str], pd.DataFrame]:
    return lambda run: pd.read_parquet(at.paths.run(run) / store.HISTORY)


def table(at: Workspace, study: str, name: str) -> None:
    """Write one table as CSV, Markdown and LaTeX."""
    began, found = crates.now(), gathered(at, study)
    paths = tables.save(_table(found, name), at.paths.study(study, at.config.scale) / "tables", name)
    spec = Spec.of(name, found.study.tables[name])
    _crate(at, found, spec, f"facsimile.tables.{spec.kind}", paths, began)


def figure(at: Workspace, study: str, name: str) -> None:
    """Write one figure as PDF and PNG, and its data as CSV."""
    began, found = crates.now(), gathered(at, study)
    known = found.study.figures_of(list(found.context.drawn))
    if name not in known:
        raise UnknownName(f"figure of {study} at scale {at.config.scale}", name, list(known))
    spec = Spec.of(name, known[name])
    drawn = figures.draw(spec.kind, found.scores, spec, found.context, Stored(at, found.study))
    paths = figures.save(drawn, at.paths.study(study, at.config.scale) / "figures", name)
    _crate(at, found, spec, f"facsimile.figures.{spec.kind}", paths, began)


def compare(at: Workspace, study: str) -> None:
    """Write comparison.csv."""
    comparing.save(_comparison(at, gathered(at, study)), at.paths.study(study, at.config.scale) / "comparison.csv")


def claims(at: Workspace, study: str, console: Console | None = None) -> None:
    """Write claims.csv, or print it; raises LookupError for a study that states no claims."""
    found = gathered(at, study)
    if not found.study.claims:
        raise LookupError(f"{study} states no claims: {at.config.studies / study}.yaml has none under claims:")
    judged = _claims(at, found)
    if console:
        console.print(claim_verdicts.console(judged))
    else:
        text = judged.to_csv(index=False, lineterminator="\n")
        atomic.write_bytes(at.paths.study(study, at.config.scale) / "claims.csv", text.encode())


def show(at: Workspace, study: str, console: Console) -> None:
    """Print every table of a study, its comparison with the published numbers, its claims, and where its files are."""
    found = gathered(at, study)
    for name in found.study.tables:
        console.print(_table(found, name).console())
    console.print(verdicts.console(_comparison(at, found)))
    if found.study.claims:
        console.print(claim_verdicts.console(_claims(at, found)))
    for path in sorted(at.paths.study(study, at.config.scale).rglob("*.*")):
        if path.parent.suffix != ".crate":  # it holds the same files again
            console.print(str(path), highlight=False, soft_wrap=True)


def _crate(at: Workspace, found: Gathered, spec: Spec, module: str, paths: list[Path], began: datetime) -> None:
    """Write where an artefact comes from, beside it."""
    study = found.study.id
    gathered = [at.paths.study(study, at.config.scale) / f"{table}.parquet" for table in ("scores", "runs")]
    stated = [at.config.studies / f"{study}.yaml", at.config.published / f"{study}.csv"]
    inputs = crates.existing([*gathered, *stated])
    crates.write(crates.Made(spec, found.context, module, paths, inputs, found.runs, began, crates.now()))


def _table(found: Gathered, name: str) -> tables.Table:
    if name not in found.study.tables:
        raise UnknownName(f"table of {found.study.id}", name, list(found.study.tables))
    return tables.make(found.scores, found.runs, Spec.of(name, found.study.tables[name]), found.context)


def _claims(at: Workspace, found: Gathered) -> pd.DataFrame:
    return judging.table(found.study, found.scores, found.context, cost_of(at, found.study))


def cost_of(at: Workspace, study: Study) -> str:
    """What all of a study costs at the configured scale where nothing is made yet, in words."""
    return cost.text(cost.of(at.runs(study), study, at.config.scale))


def _comparison(at: Workspace, found: Gathered) -> pd.DataFrame:
    printed = _printed(at, found.study.id, found.context)
    return comparing.compare(found.scores, printed, Spec.all(found.study, at.config.scale), found.context)


def _by_whom(numbers: list[Published]) -> tuple[list[Published], list[Published]]:
    """The authors' numbers, and those that peers printed of the same thing."""
    return [n for n in numbers if n.how != published.PEER], [n for n in numbers if n.how == published.PEER]


def _printed(at: Workspace, study: str, context: Context) -> list[Published]:
    path = at.config.published / f"{study}.csv"
    return published.read(path, context) if path.exists() else []
