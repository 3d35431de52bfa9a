"""What a trial shows: violins, the model over each method, and its place in each claim."""

from collections.abc import Mapping
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table as ConsoleTable
from rich.text import Text

from facsimile import figures, tables
from facsimile.commands.trial.scores import Scores
from facsimile.comparison import claims, claims_view, placing
from facsimile.comparison.placing import ClaimPlace
from facsimile.comparison.verdict import MINIATURE_STYLES
from facsimile.foundation import atomic
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.markdown import grid
from facsimile.presentation.spec import Spec
from facsimile.studies.parts import Claim
from facsimile.studies.study import Study
from facsimile.tables import Table
from facsimile.tables.base import means

PAIRS = ("improvement", "seeds_needed")
PAGE = "trial.md"
FIGURE = "violin"


class Page:
    """The results of a trial.

    ``trial`` is its study, whose first model is the one that is tried; ``scale`` is the scale of
    ``base``, the study beside which it is, and ``merged`` are the scores of all methods.
    """

    def __init__(
        self,
        trial: Study,
        base: Study,
        scale: str,
        merged: Scores,
    ) -> None:
        self.trial = trial
        self.claims_of_paper: Mapping[str, Claim] = base.claims
        self.source = merged.source
        self.method = trial.models[0].method
        context = Context.of(trial, scale)
        specs = {name: Spec.of(name, artefact) for name, artefact in trial.tables.items()}
        tables_of_scores = merged.scores, merged.runs
        self.violin = figures.draw(
            FIGURE, merged.scores, Spec.of(FIGURE, trial.figures[FIGURE]), context
        )
        self.scores = tables.make(*tables_of_scores, specs["scores"], context)
        self.failures = means.failures(means.shown(merged.runs, specs["scores"], context))
        self.pairs = [
            placing.over_each(self.method, *tables_of_scores, specs[name], context)
            for name in PAIRS
        ]
        self.claims = placing.in_claims(self.method, self.claims_of_paper, merged.scores, context)

    def write(self, folder: Path) -> list[Path]:
        """Write the page, its figure, and all tables as CSV, Markdown and LaTeX."""
        paths = figures.save(self.violin, folder, FIGURE)
        for name, table in zip(("scores", *PAIRS), (self.scores, *self.pairs), strict=True):
            paths += tables.save(table, folder, name)
        text = self.claims.to_csv(index=False, lineterminator="\n")
        atomic.write_bytes(folder / "claims.csv", text.encode())
        atomic.write_bytes(folder / PAGE, self.markdown().encode())
        return [folder / PAGE, folder / "claims.csv", *paths]

    def show(self, console: Console) -> None:
        """Print the table of scores without intervals, the pairs, and the claims."""
        console.print(self.scores.console(brief=True))
        for line in self.failures:
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        for table in self.pairs:
            console.print(table.console())
        console.print(self._claims_on_console())
        console.print(f"baselines: {self.source}", highlight=False, soft_wrap=True)

    def markdown(self) -> str:
        """The page."""
        parts = [
            f"# {self.trial.title}",
            f"Baselines: {self.source}.",
            f"![Scores of each method]({FIGURE}.png)",
            *(_section(table) for table in (*self.pairs, self.scores)),
            "## Its place in each claim",
            _about_claims(self.method),
            "\n".join(self._claims_in_markdown()),
        ]
        return "\n\n".join(parts) + "\n"

    def _claims_on_console(self) -> ConsoleTable:
        table = ConsoleTable(
            title="Its place in each claim",
            title_justify="left",
            title_style="bold",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            caption=_about_claims(self.method),
            caption_justify="left",
        )
        table.add_column("claim", ratio=5)
        for head in _heads(self.method):
            table.add_column(head, ratio=3)
        for place in self._places():
            claim = self.claims_of_paper[place.claim]
            text = Text.assemble(claim.text, (f"\n{claims.rule_text(claim.rule)}", "dim"))
            cells = [_console_cell(row) for row in _rows(place)]
            table.add_row(text, *cells, _rank(place))
            table.add_section()
        return table

    def _claims_in_markdown(self) -> list[str]:
        rows = []
        for place in self._places():
            claim = self.claims_of_paper[place.claim]
            cells = [_markdown_cell(row) for row in _rows(place)]
            rows.append((claim.text, claims.rule_text(claim.rule), *cells, _rank(place)))
        return grid(("claim", "rule", *_heads(self.method)), rows)

    def _places(self) -> list[ClaimPlace]:
        return placing.claim_places(self.method, self.claims)


def _heads(method: str) -> tuple[str, ...]:
    name = names.model(method)
    return ("the others", f"with {name}", f"{name} alone", "its place")


def _about_claims(method: str) -> str:
    return (
        "What these scores say, not a verdict on the paper: a claim holds if the whole 95 % "
        "interval satisfies the rule, and is undecided if a part of it does. Its place is that of "
        f"the value of {names.model(method)} among those of each method alone, from the highest."
    )


def _rows(place: ClaimPlace) -> list[placing.Row]:
    return [place.others, place.together, place.alone]


def _rank(place: ClaimPlace) -> str:
    return f"{place.rank} of {place.ranked}" if place.rank else "–"


def _console_cell(row: placing.Row) -> Text:
    word = (row["finding"], MINIATURE_STYLES[row["finding"]])
    return Text.assemble(word, (f"\n{claims_view.number(row)}", "dim"))


def _markdown_cell(row: placing.Row) -> str:
    return f"**{row['finding']}** {claims_view.number(row)}"


def _section(table: Table) -> str:
    return table.markdown().strip()
