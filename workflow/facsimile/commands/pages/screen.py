"""The picture in README: what ``facsimile show`` prints about shipped results, as SVG."""

import io
from pathlib import Path

from rich.console import Console

from facsimile.commands import show
from facsimile.comparison import numbers_view, published
from facsimile.comparison.verdict import REPRODUCED
from facsimile.planning import shipped
from facsimile.planning.workspace import Workspace
from facsimile.studies.study import Study

PICTURE = Path("docs/screen.svg")
WIDTH = 100  # characters
MOST = 60  # numbers that fit on one screen


def picture(
    workspace: Workspace,
    studies: list[Study],
) -> str:
    """The first screen of a study, as SVG: that with most reproduced numbers in its first table.

    Tables of more than ``MOST`` numbers are left out.
    """
    study = max(studies, key=_n_reproduced)
    workspace = show.at_shipped_scale(workspace, study.id)
    folder = show.located(workspace, study.id, reference=True)
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    show.show(workspace, study.id, folder, False, console)
    title = f"facsimile show {study.id} --reference"
    # A fixed name for the styles: the same results give the same bytes.
    return console.export_svg(title=title, unique_id="facsimile")


def _n_reproduced(study: Study) -> int:
    """How many printed numbers of a study's first table the shipped results reproduce."""
    for scale in shipped.scales(study):
        path = shipped.folder(study.id, scale) / "comparison.csv"
        if path.exists() and study.tables:
            comparison = numbers_view.read(path)
            first = next(iter(study.tables))
            is_printed = comparison["how"] != published.CLOSED_FORM
            of_first = comparison[(comparison["artefact"] == first) & is_printed]
            if len(of_first) <= MOST:
                return int((of_first["verdict"] == REPRODUCED).sum())
    return 0
