"""The picture in README: what ``facsimile show`` prints about shipped results, as SVG."""

import io
from pathlib import Path

from rich.console import Console

from facsimile.commands import show
from facsimile.planning.workspace import Workspace

PICTURE = Path("docs/screen.svg")
STUDY = "overlap"
WIDTH = 100  # characters
TITLE = f"facsimile show {STUDY} --reference"


def picture(workspace: Workspace) -> str:
    """The first screen of a study's shipped results as an SVG image."""
    workspace = show.at_shipped_scale(workspace, STUDY)
    folder = show.located(workspace, STUDY, reference=True)
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    show.show(workspace, STUDY, folder, False, console)
    # A fixed name for the styles: the same results give the same bytes.
    return console.export_svg(title=TITLE, unique_id="facsimile")
