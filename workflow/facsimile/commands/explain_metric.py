"""``facsimile explain-metric``: what a metric measures, how it is asked, and what to beware of."""

from collections.abc import Iterable

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from facsimile.metrics.base import metric_card
from facsimile.metrics.base.metric_card import Card


def explain(name: str, console: Console) -> None:
    """Print a metric's card; raises UnknownName."""
    card = metric_card.card(name)
    console.print(Text.assemble((card.title, "bold"), (f"  {name}", "dim")))
    console.print(Padding(Group(*map(Text, (card.what, *card.notes))), (0, 0, 1, 0)))
    console.print(_pairs(_facts(card).items()))
    for heading, lines in (("Conventions", _conventions(card)), ("Scores", card.scores.items())):
        console.print(Text(heading, style="bold"))
        console.print(_pairs(lines))
    console.print(Text("Traps", style="bold"))
    console.print(_pairs(("–", trap) for trap in card.traps))


def _facts(card: Card) -> dict[str, str]:
    return {
        "Formula": card.formula,
        "Range": f"{card.range_text}, {card.better} is better",
        "Headline": card.headline,
        "Needs": ", ".join(card.needs_text),
        "Reference": card.reference,
        "Page": f"docs/metrics/{card.name}.md",
    }


def _conventions(card: Card) -> Iterable[tuple[str, str]]:
    for name, text in card.conventions.items():
        yield name, f"{text} (what 'dlib' means)" if name == card.dlib else text


def _pairs(lines: Iterable[tuple[str, str]]) -> Padding:
    """Two columns without rules; the second wraps."""
    grid = Table(
        box=box.SIMPLE, show_header=False, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0)
    )
    grid.add_column(no_wrap=True, style="cyan")
    grid.add_column(overflow="fold")
    for left, right in lines:
        grid.add_row(Text(left), Text(right))
    return Padding(grid, (0, 0, 1, 2))
