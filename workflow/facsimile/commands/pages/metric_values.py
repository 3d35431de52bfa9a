"""What each metric gives on the built-in cases: computed once for its code, and kept beside its page."""

import csv
import io
from pathlib import Path
from typing import NamedTuple

from facsimile.foundation import atomic, discover, provenance
from facsimile.metrics.base import cases as base_cases
from facsimile.metrics.base.metric_card import Card

HEAD = "# code "
COLUMNS = ("case", "convention", "score", "value", "refused")
SAME = "the same number"  # how a convention that changes nothing begins: it is not asked again
DIGITS = ".6g"
DECIMALS = 3  # as far as pages show them: conventions that differ by less are not told apart


class Value(NamedTuple):
    """A score of a case under a convention; ``refused`` says why there is none."""

    case: str
    convention: str
    score: str
    value: float | None
    refused: str


def code(name: str) -> str:
    """Hash of what the values depend on: the metric's code and the cases'."""
    return provenance.code(discover.located("metrics", name), "facsimile.metrics.base.cases")


def computed(card: Card) -> list[Value]:
    """Ask a metric of every case under every convention but those that state that they give the same."""
    metric, found = discover.module("metrics", card.name), []
    conventions = [name for name, text in card.conventions.items() if not text.startswith(SAME)]
    for case in [*base_cases.CASES, *base_cases.STEPS]:
        draws = base_cases.draws(case)
        for convention in conventions:
            try:
                scores = metric.score(draws, convention)
            except ValueError as error:
                found.append(Value(case, convention, card.headline, None, str(error)))
            else:
                found += [
                    Value(case, convention, name, scores[name], "")
                    for name in card.named_scores
                    if name in scores
                ]
    return found


def write(path: Path, name: str, values: list[Value]) -> None:
    """Write values to a .csv whose first line says of which code they are."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        [*v[:3], "" if v.value is None else format(v.value + 0.0, DIGITS), v.refused]
        for v in values
    )
    atomic.write_bytes(path, f"{HEAD}{code(name)}\n{text.getvalue()}".encode())


def read(path: Path) -> tuple[str, list[Value]]:
    """The code that values are of, and the values; empty if there is no such file."""
    if not path.exists():
        return "", []
    head, _, rest = path.read_text(encoding="utf-8").partition("\n")
    rows = list(csv.reader(io.StringIO(rest)))[1:]
    return head.removeprefix(HEAD), [
        Value(a, b, c, float(x) if x else None, why) for a, b, c, x, why in rows
    ]


def groups(values: list[Value], score: str, cases: list[str]) -> dict[str, dict[str, float | None]]:
    """Convention -> case -> value of one score; a convention that gives another's values, as pages show them, is left out."""
    kept: dict[str, dict[str, float | None]] = {}
    for convention in dict.fromkeys(v.convention for v in values):
        column = {
            v.case: v.value
            for v in values
            if v.convention == convention and v.score == score and v.case in cases
        }
        if column and not any(_alike(column, other) for other in kept.values()):
            kept[convention] = column
    return kept


def _alike(one: dict[str, float | None], other: dict[str, float | None]) -> bool:
    return {case: _shown(value) for case, value in one.items()} == {
        case: _shown(value) for case, value in other.items()
    }


def _shown(value: float | None) -> float | None:
    return None if value is None else round(value, DECIMALS)
