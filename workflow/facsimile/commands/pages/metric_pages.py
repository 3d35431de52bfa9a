"""The pages in docs/metrics: one per metric.

A page is made from the metric's docstring, its declarations and its values on the built-in cases.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from facsimile.commands.pages import metric_plot, metric_values
from facsimile.commands.pages.metric_values import Column, Value
from facsimile.foundation import atomic, discover
from facsimile.foundation.log import Log
from facsimile.metrics.base import cases as base_cases
from facsimile.metrics.base import metric_card
from facsimile.metrics.base.metric_card import Card
from facsimile.presentation import markdown

FOLDER = Path("docs/metrics")
INDEX = "README"
COLUMNS = 8  # of values, so that the table fits on a page
AGAIN = "facsimile metric-pages"


def write(check: bool, log: Log) -> int:
    """Write all pages, or only check them; return exit status 1 if one is out of date.

    A metric is computed again only if its code has changed.
    """
    cards = [metric_card.card(name) for name in discover.names("metrics")]
    outdated: list[str] = []
    if check:
        outdated += _outdated(cards)
    else:
        _update_values(cards, log)
    pages = {}
    for card in cards:
        # A page cannot be checked before its metric is computed again.
        if _is_current(card):
            pages[_page_path(card.name)] = page(card, _values(card))
    pages[_page_path(INDEX)] = index(cards)
    return markdown.write_or_check(pages, _obsolete(), check, log, AGAIN, outdated)


def _update_values(
    cards: list[Card],
    log: Log,
) -> None:
    """Compute the metrics whose code has changed, and draw all drawings."""
    n_cases = len(base_cases.CASES) + len(base_cases.STEPS)
    for card in cards:
        if not card.of_codes:
            continue
        if not _is_current(card):
            log(f"{card.name}: computed on {n_cases} cases")
            values = metric_values.computed(card)
            metric_values.write(_table_path(card.name), card.name, values)
        # Drawn even if the values are the same: the drawing code may have changed.
        drawing = metric_plot.svg(card, _values(card))
        atomic.write_bytes(_drawing_path(card.name), drawing)


def _outdated(cards: list[Card]) -> Iterator[str]:
    """One line for each metric whose values or drawing are not those of its code."""
    for card in cards:
        if not _is_current(card):
            yield f"{_table_path(card.name)}: of other code than the metric's"
        elif card.of_codes and not _drawing_path(card.name).exists():
            yield f"{_drawing_path(card.name)}: absent"


def _is_current(card: Card) -> bool:
    """Whether the values belong to the present code; a metric not of codes has no values."""
    if not card.of_codes:
        return True
    recorded, _ = metric_values.read(_table_path(card.name))
    return recorded == metric_values.code(card.name)


def _obsolete() -> list[Path]:
    """Pages, drawings and values of metrics that no longer exist."""
    current = {*discover.names("metrics"), INDEX}
    files = [*FOLDER.glob("*.md"), *FOLDER.glob("values/*.*")]
    return sorted(path for path in files if path.stem not in current)


def _values(card: Card) -> list[Value]:
    if not card.of_codes:
        return []
    _, values = metric_values.read(_table_path(card.name))
    return values


def _page_path(name: str) -> Path:
    return FOLDER / f"{name}.md"


def _table_path(name: str) -> Path:
    return FOLDER / "values" / f"{name}.csv"


def _drawing_path(name: str) -> Path:
    return FOLDER / "values" / f"{name}.svg"


def index(cards: list[Card]) -> str:
    """The list of all metrics."""
    rows = []
    for card in cards:
        title = f"[{card.title}]({card.name}.md)"
        needs = ", ".join(card.needs)
        rows.append((title, card.range_text, card.better, needs, _markdown(card.line)))
    lines = [
        "# Metrics",
        "",
        *markdown.grid(("metric", "range", "better", "needs", "what it measures"), rows),
        "",
        "`facsimile explain-metric NAME` prints the text of a page; `facsimile score FILE.npz`",
        "computes the metrics on latents of your own. Written by `facsimile metric-pages` from the",
        "files in `workflow/facsimile/metrics`.",
        "",
    ]
    return "\n".join(lines)


def page(
    card: Card,
    values: list[Value],
) -> str:
    """The page of a metric."""
    scores = [(f"`{name}`", _markdown(text)) for name, text in card.scores.items()]
    parts = [
        f"# {card.title}",
        _markdown(card.what),
        *map(_markdown, card.notes),
        _markdown(card.formula),
        _lines(markdown.grid(("", ""), _facts(card))),
        "## Conventions",
        _lines(markdown.grid(("convention", "what it changes"), _conventions(card))),
        "## Scores",
        _lines(markdown.grid(("score", "meaning"), scores)),
        "## Traps",
        _lines(f"- {_markdown(trap)}" for trap in card.traps),
    ]
    if card.of_codes:
        parts += _on_cases(card, values)
    return "\n\n".join(parts) + "\n"


def _on_cases(
    card: Card,
    values: list[Value],
) -> Iterator[str]:
    yield "## On latents of known structure"
    yield _lines(_cases_table(card, values))
    yield _markdown(_about_cases())
    yield f"![{card.headline} against rotation and noise](values/{card.name}.svg)"
    yield f"All numbers{_left_out(card, values)}: [values/{card.name}.csv](values/{card.name}.csv)."


def _facts(
    card: Card,
) -> Iterator[tuple[str, str]]:
    yield "name", f"`{card.name}`"
    yield "range", f"{card.range_text}, {card.better} is better"
    yield "headline", f"`{card.headline}`"
    yield "needs", ", ".join(card.needs_text)
    yield "reference", card.reference


def _conventions(
    card: Card,
) -> Iterator[tuple[str, str]]:
    for name, text in card.conventions.items():
        meaning = " (what `dlib` means)" if name == card.dlib else ""
        yield f"`{name}`", f"{_markdown(text)}{meaning}"


def _cases_table(
    card: Card,
    values: list[Value],
) -> list[str]:
    """Values by case and convention, and below them the reasons for missing values."""
    columns = _columns(card, values)
    head = ["latents", *(label for label, _ in columns)]
    rows = []
    for name, case in base_cases.CASES.items():
        numbers = [_number(column.get(name)) for _, column in columns]
        rows.append([f"{name}: {case.text}", *numbers])
    lines = markdown.grid(head, rows, "---:")
    refused = []
    for value in values:
        if value.refused and value.case in base_cases.CASES:
            refused.append(f"- `{value.convention}`, {value.case}: {value.refused}")
    if refused:
        lines += ["", *dict.fromkeys(refused)]
    return lines


def _columns(
    card: Card,
    values: list[Value],
) -> list[tuple[str, Column]]:
    """Label and values of each column: the headline first, one column per differing convention.

    If the headline has several columns, other scores have one each.
    """
    cases = list(base_cases.CASES)
    headline_groups = metric_values.groups(values, card.headline, cases)
    columns: list[tuple[str, Column]] = []
    for name in sorted(card.named_scores, key=lambda name: name != card.headline):
        groups = metric_values.groups(values, name, cases)
        if name != card.headline and len(headline_groups) > 1:
            groups = dict(list(groups.items())[:1])
        for convention, column in groups.items():
            label = f"`{name}`<br>{convention}" if len(groups) > 1 else f"`{name}`"
            columns.append((label, column))
    return columns[:COLUMNS]


def _left_out(
    card: Card,
    values: list[Value],
) -> str:
    shown = {label.split("`")[1] for label, _ in _columns(card, values)}
    n_more = len({value.score for value in values} - shown)
    return f", {n_more} more scores among them" if n_more else ""


def _about_cases() -> str:
    sizes = " × ".join(map(str, base_cases.SIZES))
    return (
        f"Four factors of {sizes} values, one row for each combination; the standardised factors "
        f"are the oracle. {base_cases.N_TRAIN} training and {base_cases.N_TEST} test points, "
        f"seed {base_cases.SEED}. A convention without a column gives the values of the first "
        "one here. Where a metric needs more from the model, log-variances are "
        f"{base_cases.LIVE:g} ({base_cases.COLLAPSED:g} for latents that do not vary), each value "
        "of a factor is a pixel, the decoder is linear, and peers are the same kind of latents "
        "with other noise, in another order or mirrored."
    )


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    # A small negative number would be shown as -0.000.
    return f"{value:.3f}".replace("-0.000", "0.000")


def _markdown(text: str) -> str:
    """The text of a docstring with code in single backticks."""
    return re.sub(r"``([^`]+)``", r"`\1`", text)
