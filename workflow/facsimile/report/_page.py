"""Renders the page's template, and puts scripts and styles beside it."""

import re
import shutil
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from facsimile.presentation import names
from facsimile.presentation.context import Context

WEB = Path(__file__).with_name("web")
GREY = "#888888"
# Each group is called as its HTML element. The asterisk of a name such as iVAE* begins nothing.
INLINE = re.compile(r"`(?P<code>.+?)`|\*\*(?P<strong>.+?)\*\*|(?<!\w)\*(?P<em>\S.*?)\*")


def write(folder: Path, shown: dict[str, Any]) -> None:
    """Write index.html with the variables ``shown``, and the scripts and styles of ``web``."""
    environment = Environment(
        loader=FileSystemLoader(WEB / "pages"),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelt name in a template is an error
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["names"] = names
    environment.filters["inline"] = inline
    for part in ("scripts", "styles"):
        shutil.copytree(WEB / part, folder / part)
    page = environment.get_template("index.html").render(shown)
    (folder / "index.html").write_text(page, encoding="utf-8")


def inline(text: str) -> Markup:
    """Return the HTML of a paragraph in Markdown: code, bold and italics; all else is escaped."""
    return Markup(INLINE.sub(_element, str(escape(text))))


def _element(match: re.Match[str]) -> str:
    tag = match.lastgroup
    assert tag is not None
    return f"<{tag}>{match[tag]}</{tag}>"


def colours(context: Context) -> dict[str, str]:
    """Method -> its colour in the figures, ``#rrggbb``; controls are grey."""
    from facsimile.figures.base import style  # imports Matplotlib

    colour_of: dict[str, str] = {}
    for method, colour in style.colours(context.design.methods).items():
        colour_of[method] = _hexadecimal(colour)
    return colour_of | dict.fromkeys(context.design.controls, GREY)


def _hexadecimal(colour: Any) -> str:
    parts = [f"{round(255 * part):02x}" for part in colour]
    return "#" + "".join(parts)
