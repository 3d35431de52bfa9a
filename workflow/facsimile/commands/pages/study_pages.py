"""The page of each paper, ``papers/<id>/README.md``, from its study and its newest verdicts."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from facsimile.commands.pages import paper_table, screen
from facsimile.comparison import claims, claims_view, numbers_view, verdict_counts
from facsimile.foundation.log import Log
from facsimile.planning import cost, shipped
from facsimile.planning.workspace import Workspace
from facsimile.presentation import markdown, names
from facsimile.presentation.markdown import grid
from facsimile.studies.parts import Artefact, Model
from facsimile.studies.study import Study

JOURNALS = ("Journal", "JMLR", "TMLR")  # words in the venue of an article in a journal
INDEX = Path("docs/papers/README.md")
PAGE = "README.md"
# Pictures are in the documentation and not beside the page, because they are not installed.
PICTURES = Path("docs/papers")
METRICS = Path("docs/metrics")
AGAIN = "facsimile study-pages"
MINIATURE = (
    "This scale has data sets of its own in place of the paper's. *In miniature*, a claim holds "
    "if the whole interval satisfies the rule, does not hold if none of it does, and is undecided "
    "otherwise. That is a result about these data sets and no verdict on the paper."
)

Values = Mapping[str, list[int | float]] | Mapping[str, int | float]


def write(
    workspace: Workspace,
    check: bool,
    log: Log,
) -> int:
    """Write all pages, or only check them; return exit status 1 if one is out of date."""
    studies = [workspace.study(name) for name in workspace.study_ids()]
    pages = {}
    for study in studies:
        pages[_path(workspace, study)] = page(workspace, study)
    pages[INDEX] = index(workspace, studies)
    pages[paper_table.README] = paper_table.readme(studies)
    pages[screen.PICTURE] = screen.picture(workspace, studies)
    return markdown.write_or_check(pages, [], check, log, AGAIN)


def index(
    workspace: Workspace,
    studies: list[Study],
) -> str:
    """The list of all studies."""
    rows = []
    for study in studies:
        link = os.path.relpath(_path(workspace, study), INDEX.parent)
        authors = f"{study.authors} ({study.year})"
        scales = ", ".join(study.scales)
        row = (f"[{study.id}]({link})", study.title, authors, scales)
        rows.append((*row, *_shipped_counts(study)))
    footer = (
        "One folder per paper, in `workflow/facsimile/papers`. Written by `facsimile study-pages`."
    )
    head = ("study", "paper", "authors", "scales", "verdicts", "not comparable, and what it needs")
    table = grid(head, rows)
    return _lines(["# Papers", "", *table, "", footer, ""])


def _shipped_counts(study: Study) -> tuple[str, str]:
    """The verdicts of all scales whose results are shipped."""
    if not shipped.scales(study):
        return "not run yet", paper_table.NOTHING
    return paper_table.counts(study)


def page(workspace: Workspace, study: Study) -> str:
    """The page of a study."""
    metrics = os.path.relpath(METRICS, workspace.paper(study.id))
    parts = [
        f"# {study.title}",
        _origin(study),
        *study.paragraphs,
        "## What is trained and measured",
        _lines(_design(study, metrics)),
        "## Scales",
        _lines(_scales(workspace, study)),
        "## Tables and figures",
        _lines(_artefacts(study)),
        *_pictures(workspace, study),
    ]
    if study.claims:
        parts += ["## Claims", _lines(_claims(study))]
    for scale in shipped.scales(study):
        parts += _counts(study, scale)
        parts += _verdicts(study, scale)
    parts += ["## Cite the paper", _lines(["```bibtex", bibtex(study), "```"])]
    parts.append(
        f"Made from `study.yaml` and `results/reference/{study.id}` by `facsimile study-pages`."
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _origin(study: Study) -> str:
    """Authors and venue, with links to the paper and its code."""
    text = f"{study.authors}. {study.venue}"
    if study.arxiv:
        text += f" · [arXiv:{study.arxiv}](https://arxiv.org/abs/{study.arxiv})"
    if study.code:
        text += f" · [the authors' code]({study.code})"
    return text


def bibtex(study: Study) -> str:
    """A BibTeX entry of the paper, from what its study file says.

    It is an ``article`` if the venue is a journal, ``misc`` if it is arXiv, else ``inproceedings``.
    """
    authors = [name.strip() for name in study.authors.split(",")]
    kind, container = "inproceedings", "booktitle"
    if any(word in study.venue.split(";")[0] for word in JOURNALS):
        kind, container = "article", "journal"
    elif study.venue.startswith("arXiv"):
        kind, container = "misc", "howpublished"
    fields = {
        "title": f"{{{study.title}}}",
        "author": " and ".join(authors),
        container: study.venue,
        "year": f"{study.year}",
        "eprint": study.arxiv or "",
        "archiveprefix": "arXiv" if study.arxiv else "",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{study.id},", *lines, "}"])


def _design(
    study: Study,
    metrics: str,
) -> Iterator[str]:
    """Tables of the design: data, training and evaluation; models; variants of the paper.

    ``metrics`` is the path from the page to the pages of metrics.
    """
    yield from grid(("", ""), _settings(study, metrics))
    yield ""
    yield from _models(study)
    if study.faithful_to:
        yield from ["", "Where the paper's text and its released code differ, both are run:", ""]
        rows = []
        for name, variants in study.faithful_to.items():
            row = [name, variants.paper, variants.code]
            rows.append([names.dataset(variant) for variant in row])
        yield from grid(("published as", "as the paper says", "as its code does"), rows)


def _settings(
    study: Study,
    metrics: str,
) -> Iterator[tuple[str, str]]:
    datasets = [names.dataset(name) for name in study.datasets]
    yield "data sets", names.enumeration(datasets)
    seeds = f"{study.seeds}"
    if study.control_seeds:
        seeds += f", and {study.control_seeds} of each control"
    yield "seeds", seeds
    if study.training:
        yield from _training(study)
    links = [f"[`{name}`]({metrics}/{name}.md)" for name in study.metrics]
    yield "metrics", ", ".join(links)
    evaluation = study.evaluation
    points = f"{evaluation.train:,}"
    if evaluation.test:
        points += f" + {evaluation.test:,}"
    settings = f"seed {evaluation.seed}, {evaluation.convention} convention"
    yield "evaluation", f"{points} points, {settings}"
    for metric, counts in study.points.items():
        yield f"points of `{metric}`", f"{counts.train:,} + {counts.test:,}"


def _training(
    study: Study,
) -> Iterator[tuple[str, str]]:
    training = study.training
    assert training is not None
    if training.missing:  # a study of algorithms
        yield "run", f"at most {training.steps:,} steps"
        return
    if training.batch_size == "all":
        batch = "the whole data set"
    else:
        batch = f"batches of {training.batch_size}"
    # A data set may have its own number of latents.
    sizes = set()
    for dataset in study.datasets:
        sizes.add(study.latents.get(dataset, training.latents))
    latents = names.enumeration([str(size) for size in sorted(sizes)])
    yield "training", f"{training.steps:,} steps, {batch}, {latents} latents"
    yield "network", f"`{training.network}`"
    if training.snapshots:
        rarer = ""
        for name, steps in training.snapshots.metrics.items():
            rarer += f"; {name} every {steps:,}"
        every = f"every {training.snapshots.every:,} steps{rarer}"
        yield "scored", f"{every}; the best snapshot of a run is `@best`"
    for name, optimiser in (("Adam", training.adam), ("gradient descent", training.sgd)):
        if optimiser:
            settings = optimiser.model_dump().items()
            yield name, ", ".join(f"{key} {value:g}" for key, value in settings)


def _models(study: Study) -> list[str]:
    """One row per model; the last column only if a model differs from the others."""
    head = ["method", "model", "values", "fixed", "differences from the others"]
    rows = []
    for model in study.models:
        label = model.label or names.model(model.name)
        values = [_values(model.sweep), _values(model.fixed)]
        rows.append([label, f"`{model.name}`", *values, _differences(model)])
    if not any(row[-1] for row in rows):
        head = head[:-1]
        rows = [row[:-1] for row in rows]
    return grid(head, rows)


def _differences(model: Model) -> str:
    """Data sets, training settings and seeds of a model, where they are not those of the study."""
    # Defaults are left out: only what the study file sets for this model.
    settings = model.training.model_dump(
        exclude_unset=True, exclude_none=True, exclude={"snapshots"}
    )
    for key, value in settings.pop("adam", {}).items():
        settings[f"Adam {key}"] = value
    texts = []
    for key, value in settings.items():
        if isinstance(value, int):
            texts.append(f"{key.replace('_', ' ')} {value:,}")
        else:
            texts.append(f"{key} {value}")
    datasets = [names.dataset(name) for name in model.datasets]
    parts = [
        names.enumeration(datasets),
        ", ".join(texts),
        f"seeds {model.seeds}" if model.seeds else "",
    ]
    return "; ".join(part for part in parts if part)


def _values(parameters: Values) -> str:
    """Hyper-parameters and their values, such as β = 1, 2, 4."""
    texts = []
    for name, value in parameters.items():
        values = value if isinstance(value, list) else [value]
        numbers = ", ".join(f"{number:,}" for number in values)
        texts.append(f"{names.parameter(name)} = {numbers}")
    return "; ".join(texts)


def _scales(
    workspace: Workspace,
    study: Study,
) -> list[str]:
    rows = []
    for name, scale in study.scales.items():
        rows.append((f"`{name}`", scale.description, _cost(workspace, study, name)))
    head = ("scale", "what it runs", "cost from scratch")
    return [*grid(head, rows), "", *_command(f"snakemake {study.id} --config scale=SCALE")]


def _cost(
    workspace: Workspace,
    study: Study,
    scale: str,
) -> str:
    """Cost of a study at a scale if none of its runs is made yet."""
    config = workspace.config.model_copy(update={"scale": scale})
    return cost.cost_of(Workspace(config), study)


def _artefacts(study: Study) -> list[str]:
    rows = [
        *_targets(study, "table", study.tables),
        *_targets(study, "figure", study.figures),
    ]
    note = "Checked: whether number and content were compared with the paper's PDF."
    return [*grid(("target", "what it shows", "kind", "checked"), rows), "", note]


def _targets(
    study: Study,
    kind: str,
    artefacts: dict[str, Artefact],
) -> Iterator[tuple[str, ...]]:
    for name, artefact in artefacts.items():
        note = f". {artefact.note}" if artefact.note else ""
        yield (
            f"`{study.id}_{name}`",
            f"{artefact.title}{note}",
            f"{kind}, `{artefact.kind}`",
            "yes" if artefact.verified else "no",
        )


def _pictures(
    workspace: Workspace,
    study: Study,
) -> Iterator[str]:
    """The figures of the study whose picture, ``<study>-<figure>.png``, is in the documentation."""
    for name, figure in study.figures_of(study.datasets).items():
        picture = PICTURES / f"{study.id}-{name}.png"
        if picture.exists():
            link = os.path.relpath(picture, workspace.paper(study.id))
            yield f"![{figure.title}]({link})\n\n{figure.title} (`{study.id}_{name}`)."


def _claims(study: Study) -> list[str]:
    rows = []
    for name, claim in study.claims.items():
        rule = f"`{claim.statistic}`: {claims.rule_text(claim.rule)}"
        rows.append((f"`{name}`", claim.text, rule, claim.source))
    table = grid(("claim", "text", "statistic and rule", "source"), rows)
    return [*table, "", *_command(f"snakemake {study.id}_claims")]


def _counts(
    study: Study,
    scale: str,
) -> Iterator[str]:
    """How many numbers and claims have which verdict at one scale, and what the others need."""
    rows = verdict_counts.of_folder(shipped.folder(study.id, scale))
    obstacles = verdict_counts.obstacles(rows)
    yield f"## Verdicts at {scale} scale"
    decided = verdict_counts.decided(rows) or "No number and no claim is decided"
    yield f"{decided}. Results without a published number have no verdict and are not counted."
    if obstacles:
        number = sum(count for count, _, _ in obstacles)
        yield f"Not comparable: {number:,}."
        cells = [(f"{count:,}", reason, remedy) for count, reason, remedy in obstacles]
        yield _lines(grid(("how many", "why", "what would make it comparable"), cells))


def _verdicts(
    study: Study,
    scale: str,
) -> Iterator[str]:
    """Verdicts at one scale, if the repository holds its results."""
    folder = shipped.folder(study.id, scale)
    claims_path = folder / "claims.csv"
    if claims_path.exists():
        yield f"## Claims at {scale} scale"
        yield from _claim_verdicts(claims_path, scale)
    comparison_path = folder / "comparison.csv"
    if comparison_path.exists():
        yield f"## Published and reproduced at {scale} scale"
        comparison = numbers_view.read(comparison_path)
        yield numbers_view.markdown(comparison, f"published-{scale}").strip()


def _claim_verdicts(
    path: Path,
    scale: str,
) -> Iterator[str]:
    """The claims with their verdicts; in a miniature, also on each of its data sets."""
    verdicts = pd.read_csv(path)
    by_dataset = path.with_name("claims_by_dataset.csv")
    is_miniature = bool(claims_view.miniature_words(verdicts))
    if is_miniature:
        yield MINIATURE
    yield claims_view.markdown(verdicts, f"claims-{scale}").strip()
    if is_miniature and by_dataset.exists():
        yield "Each claim on each data set alone:"
        table = pd.read_csv(by_dataset)
        yield claims_view.markdown_by_dataset(verdicts, table, f"worlds-{scale}").strip()


def _command(command: str) -> list[str]:
    return ["```sh", command, "```"]


def _path(workspace: Workspace, study: Study) -> Path:
    """The page of a study, from the root of the repository."""
    return Path(os.path.relpath(workspace.paper(study.id) / PAGE))


def _lines(
    lines: Iterator[str] | list[str],
) -> str:
    return "\n".join(lines)
