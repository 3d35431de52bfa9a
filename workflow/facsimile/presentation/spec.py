"""What a table or figure shows, as the study file states it."""

from dataclasses import dataclass
from typing import Any

from facsimile.studies import runs
from facsimile.studies.parts import Artefact, ClosedForm
from facsimile.studies.study import Study


@dataclass(frozen=True)
class Spec:
    """One table or figure of the paper, as the study file states it.

    Scores are named ``metric.score`` or ``metric.score@variation``; the variation ``best`` is the
    best of a run's snapshots.
    """

    id: str
    kind: str
    """Name of the file in tables/ or figures/ that makes it."""
    title: str = ""
    datasets: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    """Scores shown; empty for the headline of each metric."""
    verified: bool = False
    """Whether number and content were checked against the paper's PDF."""
    note: str = ""
    models: tuple[str, ...] = ()
    """Models shown, by name or label; empty for all."""
    against: tuple[str, ...] = ()
    """Scores that ``metrics`` are plotted against or correlated with."""
    log: bool = False
    """Whether axes of scores are logarithmic."""
    where: tuple[tuple[str, float], ...] = ()
    """Hyper-parameters and the values to which cells that have them are restricted."""
    closed_form: tuple[tuple[str, ClosedForm], ...] = ()
    """Scores with an exact value, by which each cell is judged."""

    @classmethod
    def of(cls, id: str, artefact: Artefact) -> "Spec":
        """The table or figure that the study calls ``id``."""
        return cls(
            id=id,
            kind=artefact.kind,
            title=artefact.title,
            datasets=tuple(artefact.datasets),
            metrics=tuple(artefact.metrics),
            verified=artefact.verified,
            note=artefact.note,
            models=tuple(artefact.models),
            against=tuple(artefact.against),
            log=artefact.log,
            where=tuple(artefact.where.items()),
            closed_form=tuple(artefact.closed_form.items()),
        )

    def settings(self) -> dict[str, Any]:
        """What the study file sets, as plain data; empty fields mean defaults."""
        settings = {key: value for key, value in vars(self).items() if value}
        exact = {score: closed.model_dump() for score, closed in self.closed_form}
        return settings | ({"closed_form": exact} if exact else {})

    @classmethod
    def all(
        cls,
        study: Study,
        scale: str,
    ) -> list["Spec"]:
        """All tables and figures of a study at a scale; raises UnknownName."""
        figures = study.figures_at(runs.scale_of(study, scale))
        return [cls.of(id, artefact) for id, artefact in (study.tables | figures).items()]


# The statistic of a published number of a single run, which varies as one of ours does.
ONE_RUN = "one run"


@dataclass(frozen=True)
class Quantity:
    """One number of a table or figure: a statistic of a score over runs.

    An empty field means all: all data sets, models, or hyper-parameters.
    """

    artefact: str
    dataset: str
    model: str
    """Method: a label, or a model without one."""
    params: str
    """Hyper-parameters as canonical JSON."""
    metric: str
    """``metric.score``, or ``a ~ b`` for the correlation of two scores."""
    statistic: str
