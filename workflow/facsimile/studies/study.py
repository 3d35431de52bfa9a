"""The schema of a study file, one paper in one YAML file; ``runs.py`` expands it into runs.

Nothing here imports torch, because Snakemake reads every study each time it parses the Snakefile.
"""

from pydantic import Field

from facsimile.studies import variants
from facsimile.studies.parts import (
    Artefact,
    Claim,
    Evaluation,
    Faithful,
    Metric,
    Model,
    Points,
    Scale,
    Variation,
)
from facsimile.studies.training import BEST, STEP, Training
from facsimile.studies.values import Integer, Name, NaturalInt, PositiveInt, Strict

CONTROLS = ("oracle", "noise")
# Targets of every study besides its tables and figures, which therefore cannot have these names.
RESERVED = ("comparison", "claims", "report")
# Snapshots of a run that a score may name.
STEPS = 1000
# Rules of the workflow, which no study can be called.
RULES = (
    "all",
    "all_papers",
    "claims",
    "collect",
    "compare",
    "data",
    "encode",
    "figure",
    "report",
    "score",
    "summary",
    "table",
    "train",
)


class Study(Strict):
    """One paper: the models it trains, the metrics it computes, and its tables and figures."""

    id: Name
    title: str
    authors: str
    year: Integer
    venue: str
    arxiv: str | None = None
    code: str | None = Field(default=None, description="the authors' repository")
    note: str = Field(
        default="",
        description="the text at the top of the paper's page, in Markdown; a line break begins a "
        "new paragraph",
    )
    datasets: list[Name] = Field(min_length=1)
    unavailable: list[Name] = Field(
        default=[],
        description="data sets that are planned and counted, but cannot be loaded yet",
    )
    seeds: PositiveInt = Field(description="number of runs per cell, with seeds 0, 1, …")
    control_seeds: NaturalInt = Field(
        default=1,
        description="number of seeds of the controls oracle and noise; 0: no controls",
    )
    training: Training | None = Field(
        default=None,
        description="how models are trained [default: the study trains nothing]",
    )
    latents: dict[Name, PositiveInt] = Field(
        default={},
        description="data set -> dimensions of the representation, instead of those in training",
    )
    models: list[Model]
    metrics: list[Metric]
    evaluation: Evaluation
    points: dict[Name, Points] = Field(
        default={},
        description="metric -> its number of points, if not that of the evaluation",
    )
    variations: dict[Name, Variation] = Field(
        default={},
        description="other ways to compute metrics; their scores are called metric.score@variation",
    )
    unmeasured: dict[str, str] = Field(
        default={},
        description="score, as metric.score, that the paper prints but nothing here computes "
        "-> reason",
    )
    not_made: dict[str, str] = Field(
        default={},
        description="model or data set, as published numbers name it, that the paper has and "
        "nothing here makes -> reason",
    )
    faithful_to: dict[str, Faithful] = Field(
        default={},
        description="name that published numbers use -> its two variants, "
        "one that follows the paper and one that follows its code",
    )
    tables: dict[Name, Artefact]
    figures: dict[Name, Artefact]
    claims: dict[Name, Claim] = Field(
        default={},
        description="claims of the paper, as sentences that get a verdict",
    )
    scales: dict[Name, Scale]

    @property
    def cited(self) -> str:
        """How texts cite the paper: ``Locatello et al. 2019``."""
        first, *others = self.authors.split(",")
        return f"{first}{' et al.' if others else ''} {self.year}"

    @property
    def paragraphs(self) -> list[str]:
        """The paragraphs of the note."""
        return [line for line in self.note.splitlines() if line]

    def figures_of(self, datasets: list[str]) -> dict[str, Artefact]:
        """Return the figures for a list of data sets.

        A figure with ``each: dataset`` becomes one figure per data set.
        """
        figures: dict[str, Artefact] = {}
        for name, figure in self.figures.items():
            if not figure.each:
                figures[name] = figure
                continue
            # Without data sets of its own, the figure is for every data set.
            for dataset in datasets:
                if not figure.datasets or dataset in figure.datasets:
                    changes = {"datasets": [dataset]}
                    figures[f"{name}_{dataset}"] = figure.model_copy(update=changes)
        return figures

    def figures_at(self, scale: Scale) -> dict[str, Artefact]:
        """Return the figures of a scale: those that it draws, for its data sets."""
        if scale.figures is None:
            drawn = self
        else:
            chosen = {name: self.figures[name] for name in scale.figures}
            drawn = self.model_copy(update={"figures": chosen})
        return drawn.figures_of(self.datasets_of(scale))

    def datasets_of(self, scale: Scale) -> list[str]:
        """Return the data sets of a scale: those of the study in its order, then stand-ins."""
        if scale.datasets is None:
            return list(self.datasets)
        own = [dataset for dataset in self.datasets if dataset in scale.datasets]
        stand_ins = [dataset for dataset in scale.datasets if dataset not in self.datasets]
        return own + stand_ins

    def datasets_of_all_scales(self) -> list[str]:
        """Return the data sets of the study, then those that stand in for them at some scale."""
        distinct = dict.fromkeys(self.datasets)
        for scale in self.scales.values():
            distinct |= dict.fromkeys(self.datasets_of(scale))
        return list(distinct)

    def models_of(self, dataset: str) -> list[tuple[int, Model]]:
        """Return the models that are trained on a data set, each with its index in the study."""
        models: list[tuple[int, Model]] = []
        for i, model in enumerate(self.models):
            if not model.datasets or dataset in model.datasets:
                models.append((i, model))
        return models

    @property
    def score_suffixes(self) -> list[str]:
        """What may follow the @ in the name of a score; "", the main evaluation, comes first."""
        suffixes = ["", *self.variations]
        for training in (self.training, *(model.training for model in self.models)):
            snapshots = training.snapshots if training else None
            if snapshots and self.training:
                steps = range(snapshots.every, self.training.steps, snapshots.every)
                suffixes += [BEST, *(f"{STEP}{step}" for step in steps[:STEPS])]
        return list(dict.fromkeys(suffixes))

    def published_names(self) -> variants.Names:
        """Return the published names that have variants, by kind."""
        by_kind: dict[str, dict[str, tuple[variants.Variant, ...]]] = {}
        for name, faithful in self.faithful_to.items():
            pair = tuple(
                variants.Variant(variant, source)
                for source, variant in faithful.model_dump().items()
            )
            by_kind.setdefault(self.kind_of(faithful.paper), {})[name] = pair
        return variants.Names(**by_kind)

    def kind_of(self, name: str) -> variants.Kind:
        """Return the kind of a variant: a data set, a score, or else a model."""
        if name in self.datasets:
            return "dataset"
        return "metric" if "." in name else "model"
