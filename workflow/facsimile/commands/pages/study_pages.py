"""The page of each paper, ``papers/<id>/README.md``, from its study and the newest reference verdicts."""

import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from facsimile.commands.pages import paper_table
from facsimile.comparison import claims, claims_view, numbers_view
from facsimile.planning import cost
from facsimile.planning.workspace import Workspace
from facsimile.presentation import markdown, names
from facsimile.presentation.markdown import Log, grid
from facsimile.studies.parts import Artefact, Model
from facsimile.studies.study import Study

INDEX = Path("docs/papers/README.md")
REFERENCE = Path("results/reference")
PAGE = "README.md"
METRICS = Path("docs/metrics")
AGAIN = "facsimile study-pages"


def write(workspace: Workspace, check: bool, log: Log) -> int:
    """Write all pages; or only check: exit status 1 if one is out of date."""
    studies = [workspace.study(name) for name in workspace.study_ids()]
    pages = {_path(workspace, study): page(workspace, study) for study in studies} | {
        INDEX: index(workspace, studies)
    }
    pages[paper_table.README] = paper_table.readme(studies, REFERENCE)
    return markdown.write_or_check(pages, [], check, log, AGAIN)


def index(workspace: Workspace, studies: list[Study]) -> str:
    """The list of all studies."""
    rows = [
        (
            f"[{study.id}]({os.path.relpath(_path(workspace, study), INDEX.parent)})",
            study.title,
            f"{study.authors} ({study.year})",
            ", ".join(study.scales),
        )
        for study in studies
    ]
    foot = (
        "One folder per paper, in `workflow/facsimile/papers`. Written by `facsimile study-pages`."
    )
    return "\n".join(
        ["# Papers", "", *grid(("study", "paper", "authors", "scales"), rows), "", foot, ""]
    )


def page(workspace: Workspace, study: Study) -> str:
    """A study's page."""
    parts = [
        f"# {study.title}",
        _origin(study),
        study.note,
        "## What is trained and measured",
        _lines(_design(study, os.path.relpath(METRICS, workspace.paper(study.id)))),
    ]
    parts += [
        "## Scales",
        _lines(_scales(workspace, study)),
        "## Tables and figures",
        _lines(_artefacts(study)),
    ]
    if study.claims:
        parts += ["## Claims", _lines(_claims(study))]
    parts += [part for scale in study.scales for part in _newest(study, scale)]
    parts.append(
        f"Made of `study.yaml` and `results/reference/{study.id}` by `facsimile study-pages`."
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _origin(study: Study) -> str:
    arxiv = f" · [arXiv:{study.arxiv}](https://arxiv.org/abs/{study.arxiv})" if study.arxiv else ""
    code = f" · [the authors' code]({study.code})" if study.code else ""
    return f"{study.authors}. {study.venue}{arxiv}{code}"


def _design(study: Study, metrics: str) -> Iterator[str]:
    asked = study.evaluation
    points = f"{asked.train:,} + {asked.test:,}" if asked.test else f"{asked.train:,}"
    yield from grid(
        ("", ""),
        [
            ("data sets", names.listed([names.dataset(d) for d in study.datasets])),
            (
                "seeds",
                f"{study.seeds}"
                + (f", and {study.control_seeds} of each control" if study.control_seeds else ""),
            ),
            *(_training(study) if study.training else []),
            (
                "metrics",
                ", ".join(f"[`{metric}`]({metrics}/{metric}.md)" for metric in study.metrics),
            ),
            ("evaluation", f"{points} points, seed {asked.seed}, {asked.convention} convention"),
            *(
                (f"points of `{metric}`", f"{own.train:,} + {own.test:,}")
                for metric, own in study.points.items()
            ),
        ],
    )
    yield ""
    swept = [
        (
            m.label or names.model(m.name),
            f"`{m.name}`",
            _values(m.sweep),
            _values(m.fixed),
            _apart(m),
        )
        for m in study.models
    ]
    apart = any(row[-1] for row in swept)
    head = ("method", "model", "values", "fixed", "apart from the others")
    yield from grid(head if apart else head[:-1], swept if apart else [row[:-1] for row in swept])
    if study.faithful_to:
        yield from ["", "Where the paper's text and its released code differ, both are run:", ""]
        both = [
            map(names.dataset, (name, said.paper, said.code))
            for name, said in study.faithful_to.items()
        ]
        yield from grid(("published as", "as the paper says", "as its code does"), both)


def _training(study: Study) -> Iterator[tuple[str, str]]:
    said = study.training
    assert said is not None
    batch = "the whole data set" if said.batch_size == "all" else f"batches of {said.batch_size}"
    latents = [
        f"{n}"
        for n in dict.fromkeys(
            study.latents.get(dataset, said.latents) for dataset in study.datasets
        )
    ]
    yield "training", f"{said.steps:,} steps, {batch}, {names.listed(latents)} latents"
    yield "network", f"`{said.network}`"
    if said.snapshots:
        dear = "".join(
            f"; {name} every {steps:,}" for name, steps in said.snapshots.metrics.items()
        )
        yield "scored", f"every {said.snapshots.every:,} steps{dear}; the best of a run is `@best`"
    for name, optimiser in (("Adam", said.adam), ("gradient descent", said.sgd)):
        if optimiser:
            yield (
                name,
                ", ".join(f"{key} {value:g}" for key, value in optimiser.model_dump().items()),
            )


def _apart(model: Model) -> str:
    """On which data sets a model is trained, and how, where it is not as all are."""
    said = model.training.model_dump(exclude_unset=True, exclude_none=True, exclude={"snapshots"})
    said |= {f"Adam {key}": value for key, value in said.pop("adam", {}).items()}
    own = [
        f"{key.replace('_', ' ')} {value:,}" if isinstance(value, int) else f"{key} {value}"
        for key, value in said.items()
    ]
    seeds = f"seeds {model.seeds}" if model.seeds else ""
    return "; ".join(
        filter(
            None, [names.listed([names.dataset(d) for d in model.datasets]), ", ".join(own), seeds]
        )
    )


def _values(given: dict[str, list[int | float]] | dict[str, int | float]) -> str:
    listed = {key: value if isinstance(value, list) else [value] for key, value in given.items()}
    return "; ".join(
        f"{names.parameter(key)} = {', '.join(f'{v:,}' for v in values)}"
        for key, values in listed.items()
    )


def _scales(workspace: Workspace, study: Study) -> list[str]:
    rows = [
        (f"`{scale}`", found.description, _cost(workspace, study, scale))
        for scale, found in study.scales.items()
    ]
    head = ("scale", "what", "cost where nothing is made yet")
    return [*grid(head, rows), "", *_typed(f"snakemake {study.id} --config scale=SCALE")]


def _cost(workspace: Workspace, study: Study, scale: str) -> str:
    return cost.text(
        cost.of(
            Workspace(workspace.config.model_copy(update={"scale": scale})).runs(study),
            study,
            scale,
        )
    )


def _artefacts(study: Study) -> list[str]:
    rows = [*_targets(study, "table", study.tables), *_targets(study, "figure", study.figures)]
    checked = "Checked: whether number and content were compared with the paper's PDF."
    return [*grid(("target", "what", "kind", "checked"), rows), "", checked]


def _targets(study: Study, what: str, artefacts: dict[str, Artefact]) -> Iterator[tuple[str, ...]]:
    for name, said in artefacts.items():
        note = f". {said.note}" if said.note else ""
        yield (
            f"`{study.id}_{name}`",
            f"{said.title}{note}",
            f"{what}, `{said.kind}`",
            "yes" if said.verified else "no",
        )


def _claims(study: Study) -> list[str]:
    rows = [
        (f"`{id}`", c.text, f"`{c.statistic}`: {claims.rule_text(c.rule)}", c.source)
        for id, c in study.claims.items()
    ]
    return [
        *grid(("claim", "text", "statistic and rule", "source"), rows),
        "",
        *_typed(f"snakemake {study.id}_claims"),
    ]


def _newest(study: Study, scale: str) -> Iterator[str]:
    """Verdicts at one scale, where the repository holds its scores."""
    folder = REFERENCE / study.id / scale
    if (folder / "claims.csv").exists():
        yield f"## Claims at {scale} scale"
        yield claims_view.markdown(pd.read_csv(folder / "claims.csv"), f"claims-{scale}").strip()
    if (folder / "comparison.csv").exists():
        yield f"## Published and reproduced at {scale} scale"
        empty = {key: [""] for key in numbers_view.NUMBERS}
        compared = pd.read_csv(folder / "comparison.csv", keep_default_na=False, na_values=empty)
        yield numbers_view.markdown(compared, f"published-{scale}").strip()


def _typed(command: str) -> list[str]:
    return ["```sh", command, "```"]


def _path(workspace: Workspace, study: Study) -> Path:
    """The page of a study, from the root of the repository."""
    return Path(os.path.relpath(workspace.paper(study.id) / PAGE))


def _lines(lines: Iterator[str] | list[str]) -> str:
    return "\n".join(lines)
