"""What a table or figure shows, as the study file states it."""

from dataclasses import dataclass
from typing import Any

from facsimile.studies import runs
from facsimile.studies.parts import Artefact
from facsimile.studies.study import Study


@dataclass(frozen=True)
class Spec:
    """One table or figure of the paper, as the study file states it.

    ``metrics`` and ``against`` are scores, ``metric.score`` or ``metric.score@variation``, of which ``@best`` is the best of a
    run's snapshots; no ``metrics``: headlines.
    """

    id: str
    kind: str
    title: str = ""
    datasets: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    verified: bool = False
    note: str = ""
    models: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    log: bool = False
    where: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, id: str, artefact: Artefact) -> "Spec":
        """The artefact that the study calls ``id``."""
        listed: dict[str, Any] = {
            key: tuple(getattr(artefact, key))
            for key in ("datasets", "metrics", "models", "against")
        } | {"where": tuple(artefact.where.items())}
        plain = {
            key: getattr(artefact, key) for key in ("kind", "title", "verified", "note", "log")
        }
        return cls(id=id, **plain, **listed)

    @classmethod
    def all(cls, study: Study, scale: str) -> list["Spec"]:
        """Every table and figure of a study at a scale; raises UnknownName."""
        figures = study.figures_of(study.datasets_of(runs.scale_of(study, scale)))
        return [cls.of(id, artefact) for id, artefact in (study.tables | figures).items()]


@dataclass(frozen=True)
class Quantity:
    """One number of an artefact: a statistic of a score over runs. An empty field means all of them.

    ``params`` is canonical JSON, "" for every cell of a model; ``metric`` is ``metric.score``, or ``a ~ b`` for a correlation.
    """

    artefact: str
    dataset: str
    model: str
    params: str
    metric: str
    statistic: str
