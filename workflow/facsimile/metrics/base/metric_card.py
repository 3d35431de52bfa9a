"""The description of a metric: the constants of its file and the parts of ``score``'s docstring."""

import inspect
import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from facsimile.foundation import discover
from facsimile.metrics.base.conventions import resolve

NEEDS = {
    "codes": "codes [N, d]",
    "factors": "factors [N, k]",
    "table": "the whole table, so that a factor can be held fixed",
    "grid": "a complete grid, each combination of factor values in one row",
    "log_variances": "log-variances [N, d] of the Gaussian q(z|x)",
    "images": "images [N, ...]",
    "decoder": "the decoder",
    "classifier": "a classifier of the factors",
    "peers": "models that differ only in their seed",
    "history": "the losses and traces of a run during training",
}
# Needs of the form ``kind.name``.
BY_NAME = {"inferred": "which the model infers", "data": "of the data set", "model": "as the model"}


@dataclass(frozen=True)
class Card:
    """The description of one metric.

    ``what`` it measures, ``formula``, ``notes`` and ``traps`` are from the docstring of ``score``,
    each joined to one line; the other fields are constants of the metric's file.
    """

    name: str
    title: str
    what: str
    formula: str
    notes: tuple[str, ...]
    traps: tuple[str, ...]
    range: tuple[float, float]
    better: str
    headline: str
    needs: tuple[str, ...]
    reference: str
    conventions: dict[str, str]
    scores: dict[str, str]

    @property
    def dlib(self) -> str:
        """The convention that ``dlib`` stands for."""
        return resolve("dlib", self.conventions, self.name)

    @property
    def line(self) -> str:
        """The first sentence of ``what``."""
        return re.split(r"(?<=[.!?])\s+(?=[A-Z])", self.what)[0]

    @property
    def range_text(self) -> str:
        """Lowest and highest value, as in ``0 to 1`` and ``0 to ∞``."""
        return " to ".join(_number(end) for end in self.range)

    @property
    def needs_text(self) -> tuple[str, ...]:
        """Descriptions of the inputs that the metric needs."""
        return tuple(_need_text(need) for need in self.needs)

    @property
    def of_codes(self) -> bool:
        """Whether the metric is computed from codes, and not from the outputs of a run."""
        return "codes" in self.needs

    @property
    def named_scores(self) -> list[str]:
        """Scores with a fixed name, without patterns such as ``kl_{j}``."""
        return [name for name in self.scores if "{" not in name]


def card(name: str) -> Card:
    """The card of a metric; raises UnknownName."""
    module = discover.module("metrics", name)
    parts = parsed(inspect.getdoc(module.score) or "")
    heading = (inspect.getdoc(module) or name).splitlines()[0]
    return Card(
        name=name,
        title=heading.rstrip(".").partition(": ")[0],
        **parts._asdict(),
        range=module.RANGE,
        better=module.BETTER,
        headline=module.HEADLINE,
        needs=tuple(module.NEEDS),
        reference=module.REFERENCE,
        conventions=module.CONVENTIONS,
        scores=module.SCORES,
    )


class Parts(NamedTuple):
    """The parts of a docstring; those that it does not have are empty."""

    what: str
    formula: str
    notes: tuple[str, ...]
    traps: tuple[str, ...]


def parsed(text: str) -> Parts:
    """Split a cleaned docstring into its parts.

    These are the first paragraph, the paragraphs that begin with ``Formula:`` and with ``Traps:``,
    and all others as notes.
    """
    formulas, notes, traps = [], [], []
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.startswith("Formula:"):
            formulas.append(paragraph.removeprefix("Formula:"))
        elif paragraph.startswith("Traps:"):
            # A line that begins with "- " begins a new item; other lines continue the previous one.
            items = re.split(r"^- ", paragraph.removeprefix("Traps:"), flags=re.MULTILINE)
            traps += [_one_line(item) for item in items[1:]]
        else:
            notes.append(_one_line(paragraph))
    what, *other_notes = notes
    formula = _one_line(" ".join(formulas))
    return Parts(what, formula, tuple(other_notes), tuple(traps))


def _need_text(need: str) -> str:
    if need in NEEDS:
        return NEEDS[need]
    kind, _, name = need.partition(".")
    return f"`{name}`, {BY_NAME[kind]}"


def _one_line(text: str) -> str:
    """The text with every run of whitespace replaced by one space."""
    return " ".join(text.split())


def _number(end: float) -> str:
    if math.isfinite(end):
        return f"{end:g}"
    return "∞" if end > 0 else "−∞"
