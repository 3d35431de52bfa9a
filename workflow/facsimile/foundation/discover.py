"""Find models, data sets, metrics, figures, tables and claims by the names of their files.

There is no registry. A thing lies in the shared folder of its kind, ``facsimile/<kind>/<name>.py``,
or in the folder of the paper that alone needs it, ``papers/<id>/<kind>/<name>.py``. Its name does
not say which, so a thing can move from one to the other without anything else changing.
"""

import ast
import difflib
import functools
import importlib
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = Path(__file__).parent.parent
SHIPPED = PACKAGE / "papers"
KINDS = ("models", "datasets", "metrics", "figures", "tables", "claims")
# Folders of papers outside the package; processes that this one starts inherit them.
OUTSIDE = "FACSIMILE_PAPERS"


class UnknownName(ValueError):
    """A name that no file, key or study has; the message lists those that exist and the nearest."""

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        super().__init__(unknown(kind, name, known))


class NameTaken(ValueError):
    """Two files define a thing of the same kind and name."""


@dataclass(frozen=True)
class Place:
    """Where a thing is defined; ``settings`` are those of a member of a family (see ``places``)."""

    path: Path
    module: str
    settings: dict[str, Any] | None = field(default=None, compare=False)


def unknown(kind: str, name: str, known: list[str]) -> str:
    """``no model 'betavae'; did you mean 'beta_vae'? There are: …``"""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"no {kind} {name!r}; {hint}There are: {', '.join(sorted(known)) or 'none'}"


def paper_folders() -> list[Path]:
    """Folders of papers: the package's own first, then those that the configuration names."""
    outside = [Path(part) for part in os.environ.get(OUTSIDE, "").split(os.pathsep) if part]
    return [SHIPPED, *outside]


def use_papers(folders: Iterable[Path]) -> None:
    """Also look for papers in these folders, in this process and in those that it starts."""
    outside = [str(folder.resolve()) for folder in folders if folder.resolve() != SHIPPED]
    if os.environ.get(OUTSIDE, "") == os.pathsep.join(outside):
        return
    os.environ[OUTSIDE] = os.pathsep.join(outside)
    package = sys.modules.get("facsimile.papers")
    if package is not None:
        package.__path__ = [str(folder) for folder in paper_folders()]
    importlib.invalidate_caches()
    places.cache_clear()


def papers_in(folders: Iterable[Path]) -> dict[str, Path]:
    """Id of each paper -> its folder; raises NameTaken if two folders have one name."""
    found: dict[str, Path] = {}
    for folder in folders:
        for study in sorted(folder.glob("*/study.yaml")):
            paper = study.parent
            if paper.name in found:
                raise NameTaken(
                    f"two papers are called {paper.name}: {found[paper.name]} and {paper}; rename one"
                )
            found[paper.name] = paper
    return found


@functools.cache
def places(kind: str) -> dict[str, Place]:
    """Name -> place of everything of a kind, shared or a paper's; imports nothing.

    Files that begin with ``_`` are private. A file may define a family: the literal ``MEMBERS``
    maps each member's name to the class attributes in which it differs. Raises NameTaken.
    """
    found: dict[str, Place] = {}
    for folder, package in _folders(kind):
        for path in sorted(folder.glob("*.py")):
            if path.name.startswith("_"):
                continue
            for name, settings in _members(path).items():
                if name in found:
                    raise NameTaken(
                        f"{kind}: {name} is in {found[name].path} and in {path}; rename one"
                    )
                found[name] = Place(path, f"{package}.{path.stem}", settings)
    return dict(sorted(found.items()))


def _folders(kind: str) -> list[tuple[Path, str]]:
    """The folders in which things of a kind lie, with their packages: the shared one first."""
    owned = [
        (folder / kind, f"facsimile.papers.{id}.{kind}")
        for id, folder in papers_in(paper_folders()).items()
    ]
    return [(PACKAGE / kind, f"facsimile.{kind}"), *owned]


def _members(path: Path) -> dict[str, dict[str, Any] | None]:
    """Names that a file defines: its own, or those of its family."""
    text = path.read_text(encoding="utf-8")
    if "MEMBERS" in text:
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "MEMBERS":
                members: dict[str, dict[str, Any] | None] = ast.literal_eval(node.value)
                return members
    return {path.stem: None}


def names(kind: str) -> list[str]:
    """Names of everything of a kind, sorted; imports nothing."""
    return list(places(kind))


def place(kind: str, name: str) -> Place:
    """Where a thing is defined; raises UnknownName."""
    known = places(kind)
    if name not in known:
        raise UnknownName(singular(kind), name, list(known))
    return known[name]


def singular(kind: str) -> str:
    """``model`` for ``models``, ``data set`` for ``datasets``."""
    return kind.removesuffix("s").replace("dataset", "data set")


def located(kind: str, name: str) -> str:
    """Dotted name of the module that defines a thing; raises UnknownName."""
    return place(kind, name).module


def module(kind: str, name: str) -> ModuleType:
    """Import the module that defines a thing; raises UnknownName."""
    return importlib.import_module(located(kind, name))


def the_class(kind: str, name: str, base: type) -> type:
    """The one public subclass of ``base`` in the file of a thing; of a family, the member's own.

    Raises UnknownName for a name that no file has, TypeError for a file with none or several.
    """
    where = place(kind, name)
    imported = importlib.import_module(where.module)
    classes = [
        value
        for key, value in vars(imported).items()
        if isinstance(value, type)
        and issubclass(value, base)
        and value.__module__ == imported.__name__
        and key[0] != "_"
    ]
    if len(classes) != 1:
        listed = ", ".join(c.__name__ for c in classes) or "none"
        raise TypeError(
            f"{where.path} must define exactly one public subclass of {base.__name__}; "
            f"it defines: {listed}"
        )
    if where.settings is None:
        return classes[0]
    family: Any = classes[0]
    return _member(family, name)


@functools.cache
def _member(family: Any, name: str) -> type:
    """The class of one member of a family."""
    settings = vars(sys.modules[family.__module__])["MEMBERS"][name]
    title = "".join(part.capitalize() for part in name.split("_"))
    about = {"__doc__": family.__doc__, "__module__": family.__module__, "name": name}
    return type(family)(title, (family,), about | settings)


def module_path(module: str) -> Path | None:
    """The file of a module of this package or of a paper; None if there is none."""
    parts = module.split(".")[1:]
    bases = [PACKAGE.joinpath(*parts)]
    if parts[:1] == ["papers"]:
        bases = [folder.joinpath(*parts[1:]) for folder in paper_folders()]
    for base in bases:
        path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
        if path.is_file():
            return path
    return None
