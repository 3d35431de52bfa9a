"""Hooks of MkDocs: pages that lie elsewhere, links between them, commands, formulas as MathML."""

import fnmatch
import html
import posixpath
import re
from pathlib import Path

import click
import typer
from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.cli import get_docs_for_click

from facsimile.__main__ import app

ROOT = Path(__file__).parent.parent
# One place for each text: these are read where they stand.
ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "config/README.md": "configuration.md",
    "CHANGELOG.md": "changelog.md",
}
# The page of a paper lies in the folder of the paper.
PAPERS = "workflow/facsimile/papers"
ELSEWHERE |= {
    f"{PAPERS}/{page.parent.name}/README.md": f"papers/{page.parent.name}.md"
    for page in sorted((ROOT / PAPERS).glob("*/README.md"))
}
LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
MATH = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
FENCED = re.compile(r"(```.*?```)", re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Nav: patterns become pages, pages that are not there are left out."""
    present = {
        path.relative_to(config.docs_dir).as_posix() for path in Path(config.docs_dir).rglob("*.md")
    }
    known = present | {"commands.md", *ELSEWHERE.values()}
    config.nav = _entries(config.nav, sorted(known), set(_named(config.nav)))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Pages that are no files of docs/."""
    for source, page in ELSEWHERE.items():
        files.append(
            File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8"))
        )
    files.append(File.generated(config, "commands.md", content=_commands()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to the pages of the site; a link to a file without a page becomes plain text."""
    sources = {page: source for source, page in ELSEWHERE.items()}
    here = posixpath.dirname(sources.get(page.file.src_uri, f"docs/{page.file.src_uri}"))
    known = {file.src_uri for file in files}

    def follow(link: re.Match[str]) -> str:
        if ":" in link["target"]:
            return link[0]
        target = posixpath.normpath(posixpath.join(here, link["target"]))
        uri = _page_of(target, known)
        if uri is None:
            return link["text"] or link["target"]
        relative = posixpath.relpath(uri, posixpath.dirname(page.file.src_uri) or ".")
        return f"{link['image']}[{link['text']}]({relative}{link['anchor'] or ''})"

    return "".join(
        part if part.startswith("```") else LINK.sub(follow, part)
        for part in FENCED.split(markdown)
    )


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Formulas as MathML, which browsers draw without a script."""
    return MATH.sub(
        lambda found: convert(
            html.unescape(found[2]), display="inline" if found[1] == "span" else "block"
        ),
        content,
    )


def _page_of(target: str, known: set[str]) -> str | None:
    """The page or file of the site that a path of the repository is; of a folder its first page."""
    uri = ELSEWHERE.get(target, target.removeprefix("docs/"))
    first = sorted(page for page in known if page.startswith(f"{uri}/") and page.endswith(".md"))
    return uri if uri in known else next(iter(first), None)


def _commands() -> str:
    """Every command, as typer describes it."""
    command = typer.main.get_command(app)
    text = get_docs_for_click(
        obj=command, ctx=click.Context(command), name="facsimile", title="Commands"
    )
    return re.sub(r"^# `facsimile`$", "# Commands", text, flags=re.MULTILINE)


def _entries(nav: object, known: list[str], named: set[str]) -> list[object]:
    """Nav with patterns filled in by pages that no entry names, and without what is not there."""
    found: list[object] = []
    for entry in nav if isinstance(nav, list) else [nav]:
        if isinstance(entry, dict):
            ((title, inner),) = entry.items()
            inside = _entries(inner, known, named)
            single = isinstance(inner, str) and "*" not in inner
            found += [{title: inside[0] if single else inside}] if inside else []
        elif "*" in str(entry):
            depth = str(entry).count("/")
            found += [
                p
                for p in known
                if fnmatch.fnmatch(p, str(entry)) and p.count("/") == depth and p not in named
            ]
        else:
            found += [entry] if entry in known else []
    return found


def _named(nav: object) -> list[str]:
    """Pages that an entry names outright."""
    if isinstance(nav, dict):
        return [name for inner in nav.values() for name in _named(inner)]
    if isinstance(nav, list):
        return [name for entry in nav for name in _named(entry)]
    return [str(nav)]
