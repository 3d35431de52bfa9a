"""Runs that start from the weights of other runs, their parents (``from`` of a model)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from facsimile.foundation import canonical, declared
from facsimile.studies.parts import Model

if TYPE_CHECKING:
    from facsimile.studies.runs import Run

# Item of a run's statement: ``dataset/model/hash8`` of the parent, which has the same seed.
FROM = "from"
# Training settings that decide the shapes of weights.
SHAPES = ("latents", "network")


class UnusableParent(ValueError):
    """A model cannot start from the runs that its study names; ``method`` is the model's."""

    def __init__(self, method: str, message: str) -> None:
        super().__init__(message)
        self.method = method


@dataclass
class Cells:
    """The cells of a data set that have been expanded so far, by their method.

    A later cell may start from one of them.
    """

    dataset: str
    by_method: dict[str, list["Candidate"]] = field(default_factory=dict)

    def item(
        self,
        model: Model,
        statement: Mapping[str, Any],
    ) -> dict[str, str]:
        """Return what a cell states of its parent; empty if it starts from random weights.

        The parent has the same value as the cell of each hyper-parameter that is swept over for the
        parent. Raises UnusableParent if there is no such cell, or if its networks differ.
        """
        if not model.parent:
            return {}
        params = statement["params"]
        for candidate in self.by_method.get(model.parent, []):
            if all(params.get(name) == value for name, value in candidate.swept.items()):
                _check_sizes(model, statement, candidate.statement)
                return {FROM: candidate.cell}
        raise UnusableParent(
            model.method,
            f"{model.method} ({canonical.dumps(dict(params))}) on {self.dataset} starts from "
            f"{model.parent}, which has no such cell there: keep {model.parent} at this scale and "
            "on this data set, and give both the same values of what is swept over for it",
        )

    def add(
        self,
        model: Model,
        swept: Mapping[str, Any],
        statement: Mapping[str, Any],
    ) -> None:
        """Add a cell, from which later ones may start."""
        cell = f"{self.dataset}/{model.name}/{canonical.hash8(statement)}"
        candidate = Candidate(cell, dict(swept), statement)
        self.by_method.setdefault(model.method, []).append(candidate)


@dataclass(frozen=True)
class Candidate:
    """A cell from which later cells may start.

    ``cell`` is ``dataset/model/hash8``, ``swept`` its values of what is swept over.
    """

    cell: str
    swept: dict[str, Any]
    statement: Mapping[str, Any]


def _check_sizes(
    model: Model,
    statement: Mapping[str, Any],
    parent: Mapping[str, Any],
) -> None:
    """Raise UnusableParent if the networks of two cells of one model surely differ."""
    if statement["model"] != parent["model"]:
        return
    for name in SHAPES:
        here, there = (cell["training"].get(name) for cell in (statement, parent))
        if here != there:
            raise UnusableParent(
                model.method,
                f"{model.method} has {name} {here} and starts from {model.parent}, which has "
                f"{there}: give both the same {name}",
            )


def with_generations(runs: list["Run"]) -> list["Run"]:
    """Return the runs, each with the number of runs that it descends from.

    The parent of a run comes before it. Raises UnusableParent for one that is not there.
    """
    if not any(run.parent for run in runs):
        return runs
    generation: dict[str, int] = {}
    for run in runs:
        if run.parent and run.parent not in generation:
            raise UnusableParent(
                run.label or run.model,
                f"run {run.key} starts from {run.parent}, which the study does not have: a model "
                "needs at least as many seeds as those that start from it",
            )
        generation[run.key] = generation[run.parent] + 1 if run.parent else 0
    return [replace(run, generation=generation[run.key]) for run in runs]


def unknown(
    models: list[Model],
) -> Iterator[tuple[int, str]]:
    """Yield each model that starts from none above it: its index, and a message."""
    above: list[str] = []
    for i, model in enumerate(models):
        if model.parent and model.parent not in above:
            names = ", ".join(above) or "none"
            yield i, f"{model.parent!r} is no model above this one (above: {names})"
        above.append(model.method)


def without(
    models: list[Model],
) -> Iterator[tuple[int, str]]:
    """Yield each model that needs a parent and has none of the right kind: its index, a message.

    The class of such a model names the model from which it starts (``starts_from``).
    """
    names = {model.method: model.name for model in models}
    for i, model in enumerate(models):
        needed = declared.of_class("models", model.name, "starts_from", default="")
        if needed and names.get(model.parent) != needed:
            having = [method for method, name in names.items() if name == needed]
            choices = " or ".join(having) or f"the label of a model {needed} above it"
            yield i, f"{model.method} starts from runs of {needed}: state from: {choices}"
