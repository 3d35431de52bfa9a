"""What a metric's file says of it: its declarations, and the parts of its docstring."""

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
    "peers": "models that differ in their seed only",
    "history": "the losses and traces of a run along training",
}
BY_NAME = {"inferred": "which the model infers", "data": "of the data set", "model": "as the model"}


@dataclass(frozen=True)
class Card:
    """A metric: ``what`` it measures, ``formula`` and ``traps`` are from ``score``'s docstring, unwrapped to one line each."""

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
        """The convention that ``dlib`` means for it."""
        return resolve("dlib", self.conventions, self.name)

    @property
    def line(self) -> str:
        """The first sentence of what it measures."""
        return re.split(r"(?<=[.!?])\s+(?=[A-Z])", self.what)[0]

    @property
    def range_text(self) -> str:
        """``0 to 1``, ``0 to ∞``."""
        return " to ".join(_number(end) for end in self.range)

    @property
    def needs_text(self) -> tuple[str, ...]:
        """What it must be given, in words."""
        named = {need: need.partition(".") for need in self.needs}
        return tuple(
            NEEDS.get(need) or f"`{name}`, {BY_NAME[kind]}"
            for need, (kind, _, name) in named.items()
        )

    @property
    def of_codes(self) -> bool:
        """Whether it is asked of codes, as those of the built-in cases, and not of all that a run leaves."""
        return "codes" in self.needs

    @property
    def named_scores(self) -> list[str]:
        """Scores with a name of their own: no pattern such as ``kl_{j}``."""
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
    """Parts of a docstring; one that is not there is empty."""

    what: str
    formula: str
    notes: tuple[str, ...]
    traps: tuple[str, ...]


def parsed(text: str) -> Parts:
    """The parts of a cleaned docstring: the first paragraph, ``Formula:``, ``Traps:``, and all others as notes."""
    paragraphs = re.split(r"\n\s*\n", text)
    headed = {
        head: [p.removeprefix(head) for p in paragraphs if p.startswith(head)]
        for head in ("Formula:", "Traps:")
    }
    plain = [_joined(p) for p in paragraphs if not p.startswith(tuple(headed))]
    traps = [
        _joined(trap)
        for text in headed["Traps:"]
        for trap in re.split(r"^- ", text, flags=re.MULTILINE)[1:]
    ]
    return Parts(plain[0], _joined(" ".join(headed["Formula:"])), tuple(plain[1:]), tuple(traps))


def _joined(text: str) -> str:
    return " ".join(text.split())


def _number(end: float) -> str:
    return f"{end:g}" if math.isfinite(end) else "∞" if end > 0 else "−∞"
