"""Values of each metric on the built-in cases, kept beside its page until its code changes."""

import csv
import io
from pathlib import Path
from typing import NamedTuple

from facsimile.foundation import atomic, discover, provenance
from facsimile.metrics.base import cases as base_cases
from facsimile.metrics.base.metric_card import Card

HEAD = "# code "
COLUMNS = ("case", "convention", "score", "value", "refused")
# The description of a convention that changes nothing begins so; it is not computed.
SAME = "the same number"
DIGITS = ".6g"
# Pages show so many; conventions that differ by less are shown as one.
DECIMALS = 3

Column = dict[str, float | None]  # case -> value


class Value(NamedTuple):
    """A score on a case under a convention; ``refused`` is the reason if there is no value."""

    case: str
    convention: str
    score: str
    value: float | None
    refused: str


def code(name: str) -> str:
    """Hash of the code that the values depend on: that of the metric and of the cases."""
    return provenance.metric_code(name, "facsimile.metrics.base.cases")


def computed(card: Card) -> list[Value]:
    """Compute a metric on every case, under every convention that may give another number."""
    metric = discover.module("metrics", card.name)
    conventions = []
    for name, text in card.conventions.items():
        if not text.startswith(SAME):
            conventions.append(name)
    values = []
    for case in [*base_cases.CASES, *base_cases.STEPS]:
        draws = base_cases.draws(case)
        for convention in conventions:
            try:
                scores = metric.score(draws, convention)
            except ValueError as error:
                # A metric may refuse a case; the page gives the reason.
                values.append(Value(case, convention, card.headline, None, str(error)))
                continue
            for name in card.named_scores:
                if name in scores:
                    values.append(Value(case, convention, name, scores[name], ""))
    return values


def write(
    path: Path,
    name: str,
    values: list[Value],
) -> None:
    """Write values to a .csv file whose first line is the hash of their code."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for value in values:
        # + 0.0 turns -0.0 into 0.0.
        number = "" if value.value is None else format(value.value + 0.0, DIGITS)
        writer.writerow([value.case, value.convention, value.score, number, value.refused])
    atomic.write_bytes(path, f"{HEAD}{code(name)}\n{text.getvalue()}".encode())


def read(
    path: Path,
) -> tuple[str, list[Value]]:
    """Return the hash of the code and the values; both are empty if the file is missing."""
    if not path.exists():
        return "", []
    head, _, rest = path.read_text(encoding="utf-8").partition("\n")
    values = []
    rows = csv.reader(io.StringIO(rest))
    next(rows, None)  # the names of the columns
    for case, convention, score, number, refused in rows:
        value = float(number) if number else None
        values.append(Value(case, convention, score, value, refused))
    return head.removeprefix(HEAD), values


def groups(
    values: list[Value],
    score: str,
    cases: list[str],
) -> dict[str, Column]:
    """Convention -> case -> value of one score.

    A convention is left out if it gives the same values as an earlier one, rounded as on pages.
    """
    columns: dict[str, Column] = {}
    for value in values:
        column = columns.setdefault(value.convention, {})
        if value.score == score and value.case in cases:
            column[value.case] = value.value
    kept: dict[str, Column] = {}
    for convention, column in columns.items():
        if column and not any(_look_alike(column, other) for other in kept.values()):
            kept[convention] = column
    return kept


def _look_alike(first: Column, second: Column) -> bool:
    return _rounded(first) == _rounded(second)


def _rounded(column: Column) -> Column:
    return {
        case: None if value is None else round(value, DECIMALS) for case, value in column.items()
    }
