"""What tables and figures are given besides scores: the study's design, a scale, printed numbers.

Also the lines under each table and figure: scale, steps, evaluation points, convention, sub-grid,
and which data sets stand in for the paper's own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.design import Design
from facsimile.presentation.scale_facts import ScaleFacts
from facsimile.presentation.spec import Quantity, Spec
from facsimile.studies.study import Study


@dataclass(frozen=True)
class PublishedNumbers:
    """The first published number of each quantity, by who printed it."""

    authors: Mapping[Quantity, float] = field(default_factory=dict)
    peers: Mapping[Quantity, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """A study at one of its scales.

    ``history`` maps a run's key to its losses and traces along training.
    """

    design: Design
    scale: ScaleFacts
    published: PublishedNumbers = PublishedNumbers()
    history: Callable[[str], pd.DataFrame] | None = None

    @classmethod
    def of(cls, study: Study, scale: str) -> "Context":
        """A study at one of its scales; raises UnknownName."""
        return cls(Design.of(study), ScaleFacts.of(study, scale))

    def shown(self, spec: Spec) -> list[str]:
        """Data sets to show: the paper's that this scale has, or else all of this scale."""
        own = [dataset for dataset in spec.datasets if dataset in self.scale.datasets]
        return own or list(self.scale.datasets)

    def paper_and_shown(self, spec: Spec) -> list[str]:
        """The paper's data sets of an artefact, then those shown in their place."""
        return list(dict.fromkeys([*spec.datasets, *self.shown(spec)]))

    def methods(self, spec: Spec) -> list[str]:
        """The methods that an artefact shows, in the study's order.

        The artefact names them by label, or by model for all methods of that model.
        """
        if not spec.models:
            return list(self.design.methods)
        named = [method for name in spec.models for method in self.design.methods_of(name)]
        return [method for method in self.design.methods if method in named]

    def sweep(self, method: str) -> tuple[float, ...]:
        """The values of the one hyper-parameter that a method sweeps here; () without one."""
        return self.scale.sweeps.get(method) or self.design.sweeps.get(method, ())

    def metrics_of(self, spec: Spec) -> list[str]:
        """The scores that an artefact names, or else the score of each metric named like it."""
        return list(spec.metrics) or [f"{metric}.{metric}" for metric in self.design.metrics]

    def substitution(self, spec: Spec) -> str:
        """``paper: Cars3D; here: dSprites``; empty if the paper's own data sets are shown."""
        shown = self.shown(spec)
        if not spec.datasets or list(spec.datasets) == shown:
            return ""
        return f"paper: {_datasets(spec.datasets)}; here: {_datasets(shown)}"

    def protocol(self, datasets: Sequence[str]) -> str:
        """Scale, steps, evaluation points, convention and sub-grid, in one line."""
        evaluation = self.scale.evaluation
        points = f"{evaluation.train:,} evaluation points"
        if evaluation.test:
            points = f"{evaluation.train:,} + {evaluation.test:,} evaluation points (train + test)"
        parts = [
            f"{self.scale.name} scale",
            *self._steps(datasets),
            points,
            f"{evaluation.convention} convention",
            *self._subgrids(datasets),
        ]
        return " · ".join(parts)

    def caption(self, spec: Spec) -> list[str]:
        """The lines under a table or figure."""
        shown = self.shown(spec)
        substitution = self.substitution(spec)
        lines = [
            f"{_datasets(shown)}: {self.protocol(shown)}.",
            self._own_points(spec),
            f"Substitution: {substitution}." if substitution else "",
            "" if spec.verified else "Numbering and content not checked against the paper's PDF.",
            spec.note,
        ]
        return [line for line in lines if line]

    def _steps(self, datasets: Sequence[str]) -> list[str]:
        """``200 of 300,000 steps``, ``5,000 or 20,000 steps``; nothing if nothing is trained."""
        if not self.design.published_steps:
            return []
        pairs = [
            (length.steps, length.published)
            for length in self.scale.lengths
            if set(length.datasets) & set(datasets)
        ]
        here, published = zip(
            *(pairs or [(self.scale.steps, self.design.published_steps)]), strict=True
        )
        if _alternatives(here) == _alternatives(published):
            return [f"{_alternatives(here)} steps"]
        return [f"{_alternatives(here)} of {_alternatives(published)} steps"]

    def _subgrids(self, datasets: Sequence[str]) -> list[str]:
        """``sub-grid of dSprites: every 2nd orientation``, once for data sets that share it."""
        sharing: dict[str, list[str]] = {}
        for dataset in datasets:
            if dataset in self.scale.subgrids:
                sharing.setdefault(self.scale.subgrids[dataset], []).append(dataset)
        return [f"sub-grid of {_datasets(group)}: {kept}" for kept, group in sharing.items()]

    def _own_points(self, spec: Spec) -> str:
        """``Points of their own: MIG 100 + 50.``, where a metric that is shown differs."""
        metrics = {name.partition(".")[0] for name in (*spec.metrics, *spec.against)}
        texts = [
            f"{names.metric(f'{metric}.{metric}')} {own.train:,} + {own.test:,}"
            for metric, own in self.scale.points.items()
            if metric in metrics or not metrics
        ]
        return f"Points of their own: {names.enumeration(texts)}." if texts else ""


def _datasets(datasets: Iterable[str]) -> str:
    """``dSprites and Cars3D``."""
    return names.enumeration([names.dataset(name) for name in datasets])


def _alternatives(counts: Iterable[int]) -> str:
    """``5,000 or 20,000``."""
    return " or ".join(f"{count:,}" for count in sorted(set(counts)))
