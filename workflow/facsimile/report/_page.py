"""Fills in the page's template and puts scripts and styles beside it."""

import shutil
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from facsimile.presentation import names
from facsimile.presentation.context import Context

WEB = Path(__file__).with_name("web")
GREY = "#888888"


def write(folder: Path, shown: dict[str, Any]) -> None:
    """Write index.html, and the scripts and styles of the folder ``web``."""
    environment = Environment(
        loader=FileSystemLoader(WEB / "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["names"] = names
    for part in ("scripts", "styles"):
        shutil.copytree(WEB / part, folder / part)
    (folder / "index.html").write_text(
        environment.get_template("index.html").render(shown), encoding="utf-8"
    )


def colours(context: Context) -> dict[str, str]:
    """The colour of each method as in the figures, ``#rrggbb``; controls are grey."""
    from facsimile.figures.base import style  # imports Matplotlib

    methods = {
        model: _hexadecimal(colour)
        for model, colour in style.colours(context.design.models).items()
    }
    return methods | dict.fromkeys(context.design.controls, GREY)


def _hexadecimal(colour: Any) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)
