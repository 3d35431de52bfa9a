"""``facsimile explain-metric``: what a metric measures, how it is computed, and its pitfalls."""

from collections.abc import Iterable

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from facsimile.metrics.base import metric_card
from facsimile.metrics.base.metric_card import Card

# Top, right, bottom, left.
BELOW = (0, 0, 1, 0)
BELOW_INDENTED = (0, 0, 1, 2)


def explain(name: str, console: Console) -> None:
    """Print the card of a metric; raise UnknownName if there is no such metric."""
    card = metric_card.card(name)
    console.print(Text.assemble((card.title, "bold"), (f"  {name}", "dim")))
    paragraphs = Group(Text(card.what), *map(Text, card.notes))
    console.print(Padding(paragraphs, BELOW))
    console.print(_two_columns(_facts(card).items()))
    console.print(Text("Conventions", style="bold"))
    console.print(_two_columns(_conventions(card)))
    console.print(Text("Scores", style="bold"))
    console.print(_two_columns(card.scores.items()))
    console.print(Text("Traps", style="bold"))
    console.print(_two_columns(("–", trap) for trap in card.traps))


def _facts(card: Card) -> dict[str, str]:
    return {
        "Formula": card.formula,
        "Range": f"{card.range_text}, {card.better} is better",
        "Headline": card.headline,
        "Needs": ", ".join(card.needs_text),
        "Reference": card.reference,
        "Page": f"docs/metrics/{card.name}.md",
    }


def _conventions(
    card: Card,
) -> Iterable[tuple[str, str]]:
    for name, text in card.conventions.items():
        if name == card.dlib:
            yield name, f"{text} (what 'dlib' means)"
        else:
            yield name, text


def _two_columns(
    rows: Iterable[tuple[str, str]],
) -> Padding:
    """Two columns without lines between them; the second one wraps."""
    grid = Table(
        box=box.SIMPLE,
        show_header=False,
        show_edge=False,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    grid.add_column(no_wrap=True, style="cyan")
    grid.add_column(overflow="fold")
    for left, right in rows:
        # Text, not str: brackets in a formula are not console markup.
        grid.add_row(Text(left), Text(right))
    return Padding(grid, BELOW_INDENTED)
