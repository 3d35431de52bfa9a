"""The pages docs/metrics/: one a metric, from its docstring, its declarations and its values on the built-in cases."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from facsimile.commands.pages import metric_plot, metric_values
from facsimile.commands.pages.metric_values import Value
from facsimile.foundation import atomic, discover
from facsimile.metrics.base import cases as base_cases
from facsimile.metrics.base import metric_card
from facsimile.metrics.base.metric_card import Card
from facsimile.presentation import markdown
from facsimile.presentation.markdown import Log

FOLDER = Path("docs/metrics")
INDEX = "README"
COLUMNS = 8  # of values; a page is no wider
AGAIN = "facsimile metric-pages"


def write(check: bool, log: Log) -> int:
    """Write all pages, asking a metric only if its code has changed; or only check: exit status 1 if one is out of date."""
    cards = [metric_card.card(name) for name in discover.names("metrics")]
    stale = list(_stale(cards)) if check else []
    if not check:
        _renew(cards, log)
    known = [
        card for card in cards if _asked(card)
    ]  # other pages cannot be made before their metric is asked
    pages = {_page(card.name): page(card, _values(card)) for card in known} | {
        _page(INDEX): index(cards)
    }
    return markdown.write_or_check(pages, _strangers(), check, log, AGAIN, stale)


def _renew(cards: list[Card], log: Log) -> None:
    for card in filter(lambda card: card.of_codes, cards):
        if not _asked(card):
            log(f"{card.name}: asked of {len(base_cases.CASES) + len(base_cases.STEPS)} cases")
            metric_values.write(_table(card.name), card.name, metric_values.computed(card))
        atomic.write_bytes(_drawing(card.name), metric_plot.svg(card, _values(card)))


def _stale(cards: list[Card]) -> Iterator[str]:
    for card in filter(lambda card: card.of_codes, cards):
        if not _asked(card):
            yield f"{_table(card.name)}: of other code than the metric's"
        elif not _drawing(card.name).exists():
            yield f"{_drawing(card.name)}: absent"


def _asked(card: Card) -> bool:
    """Whether the values are of the metric's present code; one that is not of codes has none."""
    return not card.of_codes or metric_values.read(_table(card.name))[0] == metric_values.code(
        card.name
    )


def _strangers() -> list[Path]:
    """Pages, drawings and values of metrics that are gone."""
    known = {*discover.names("metrics"), INDEX}
    return sorted(
        p for p in [*FOLDER.glob("*.md"), *FOLDER.glob("values/*.*")] if p.stem not in known
    )


def _values(card: Card) -> list[Value]:
    return [] if not card.of_codes else metric_values.read(_table(card.name))[1]


def _page(name: str) -> Path:
    return FOLDER / f"{name}.md"


def _table(name: str) -> Path:
    return FOLDER / "values" / f"{name}.csv"


def _drawing(name: str) -> Path:
    return FOLDER / "values" / f"{name}.svg"


def index(cards: list[Card]) -> str:
    """The list of all metrics."""
    rows = [
        (
            f"[{card.title}]({card.name}.md)",
            card.range_text,
            card.better,
            ", ".join(card.needs),
            _markdown(card.line),
        )
        for card in cards
    ]
    return "\n".join(
        [
            "# Metrics",
            "",
            *markdown.grid(("metric", "range", "better", "needs", "what it measures"), rows),
            "",
            "`facsimile explain-metric NAME` prints a page's text; `facsimile score FILE.npz` asks the metrics of latents of",
            "your own. Written by `facsimile metric-pages` from the files in `workflow/facsimile/metrics`.",
            "",
        ]
    )


def page(card: Card, values: list[Value]) -> str:
    """A metric's page."""
    parts = [
        f"# {card.title}",
        _markdown(card.what),
        *map(_markdown, card.notes),
        _markdown(card.formula),
        _lines(markdown.grid(("", ""), _facts(card))),
        "## Conventions",
        _lines(markdown.grid(("convention", "what it changes"), _conventions(card))),
        "## Scores",
        _lines(
            markdown.grid(
                ("score", "meaning"),
                ((f"`{name}`", _markdown(text)) for name, text in card.scores.items()),
            )
        ),
        "## Traps",
        _lines(f"- {_markdown(trap)}" for trap in card.traps),
        *(_on_cases(card, values) if card.of_codes else ()),
    ]
    return "\n\n".join(parts) + "\n"


def _on_cases(card: Card, values: list[Value]) -> Iterator[str]:
    yield "## On latents of known structure"
    yield _lines(_cases_table(card, values))
    yield _markdown(_about_cases())
    yield f"![{card.headline} against rotation and noise](values/{card.name}.svg)"
    yield f"All numbers{_left_out(card, values)}: [values/{card.name}.csv](values/{card.name}.csv)."


def _facts(card: Card) -> Iterator[tuple[str, str]]:
    yield "name", f"`{card.name}`"
    yield "range", f"{card.range_text}, {card.better} is better"
    yield "headline", f"`{card.headline}`"
    yield "needs", ", ".join(card.needs_text)
    yield "reference", card.reference


def _conventions(card: Card) -> Iterator[tuple[str, str]]:
    for name, text in card.conventions.items():
        yield (
            f"`{name}`",
            f"{_markdown(text)} (what `dlib` means)" if name == card.dlib else _markdown(text),
        )


def _cases_table(card: Card, values: list[Value]) -> list[str]:
    columns = _columns(card, values)
    head = ["latents", *(label for label, _ in columns)]
    rows = [
        [f"{case}: {base_cases.CASES[case].text}", *(_number(c.get(case)) for _, c in columns)]
        for case in base_cases.CASES
    ]
    refused = dict.fromkeys(
        f"- `{v.convention}`, {v.case}: {v.refused}"
        for v in values
        if v.refused and v.case in base_cases.CASES
    )
    return [*markdown.grid(head, rows, "---:"), *([""] if refused else []), *refused]


def _columns(card: Card, values: list[Value]) -> list[tuple[str, dict[str, float | None]]]:
    """The headline under every convention that changes it, then other scores: as often if the headline is but one."""
    cases, found = list(base_cases.CASES), []
    names = sorted(card.named_scores, key=lambda name: name != card.headline)
    for name in names:
        groups = metric_values.groups(values, name, cases)
        if name != card.headline and len(metric_values.groups(values, card.headline, cases)) > 1:
            groups = dict(list(groups.items())[:1])
        several = len(groups) > 1
        found += [
            (f"`{name}`<br>{convention}" if several else f"`{name}`", column)
            for convention, column in groups.items()
        ]
    return found[:COLUMNS]


def _left_out(card: Card, values: list[Value]) -> str:
    shown = {label.split("`")[1] for label, _ in _columns(card, values)}
    more = len({value.score for value in values} - shown)
    return f", {more} more scores among them" if more else ""


def _about_cases() -> str:
    sizes = " × ".join(map(str, base_cases.SIZES))
    return (
        f"Four factors of {sizes} values, one row for each combination; the factors, standardised, are the oracle. "
        f"{base_cases.N_TRAIN} training and {base_cases.N_TEST} test points, seed {base_cases.SEED}. A convention without a column gives "
        f"the first one's values here. Where a metric asks for more of the model, log-variances are {base_cases.LIVE:g} "
        f"({base_cases.COLLAPSED:g} for latents that do not vary), each value of a factor is a pixel, the decoder is linear, and "
        "peers are the same kind of latents with other noise, in another order or mirrored."
    )


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".replace("-0.000", "0.000")


def _markdown(text: str) -> str:
    """A docstring's text, with code between single backticks."""
    return re.sub(r"``([^`]+)``", r"`\1`", text)
