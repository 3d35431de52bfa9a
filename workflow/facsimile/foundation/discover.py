"""Find models, data sets, metrics, figures, tables and claims by the names of their files.

There is no registry. A file is either in the shared folder of its kind,
``facsimile/<kind>/<name>.py``, or, if only one paper needs it, in the folder of that paper,
``papers/<id>/<kind>/<name>.py``. The name alone identifies it, so a file can move from one folder
to the other and nothing else changes.
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

from facsimile.foundation import extras, outlines
from facsimile.foundation.file_errors import FileError

PACKAGE = Path(__file__).parent.parent
SHIPPED = PACKAGE / "papers"
# File in the folder of each paper.
STUDY = "study.yaml"
# Names under which it would be overlooked.
NOT_STUDY = ("study.yml", "study.yaml.txt", "study.json", "studies.yaml")
KINDS = ("models", "datasets", "metrics", "figures", "tables", "claims")
# Environment variable with the folders of papers outside the package. A variable, because the
# processes that this one starts must find the same papers.
OUTSIDE = "FACSIMILE_PAPERS"
# What the user set it to; ``use_papers`` changes the variable.
USERS = tuple(Path(part) for part in os.environ.get(OUTSIDE, "").split(os.pathsep) if part)


# Name of a member of a family -> the class attributes in which it differs; None for a file that
# does not define a family.
Members = dict[str, dict[str, Any] | None]


class UnknownName(ValueError):
    """An unknown name; the message suggests the nearest existing one and lists all of them."""

    def __init__(self, kind: str, name: str, existing: list[str]) -> None:
        super().__init__(unknown(kind, name, existing))


class NameTaken(ValueError):
    """Two files define the same name of one kind, or two papers have the same id."""


class MisnamedStudy(ValueError):
    """The study of a paper has another file name."""


@dataclass(frozen=True)
class Place:
    """File and dotted module name of a model, data set, metric, figure, table or claim.

    ``settings`` are the class attributes of a member of a family (see ``places``), else None.
    """

    path: Path
    module: str
    settings: dict[str, Any] | None = field(default=None, compare=False)


def unknown(kind: str, name: str, existing: list[str]) -> str:
    """Return the message ``no model 'betavae'; did you mean 'beta_vae'? There are: …``."""
    # Also if the case differs: MIG for mig.
    by_folded = {other.casefold(): other for other in reversed(existing)}
    near = difflib.get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=0.5)
    hint = f"did you mean {by_folded[near[0]]!r}? " if near else ""
    listed = ", ".join(sorted(existing)) or "none"
    return f"no {kind} {name!r}; {hint}There are: {listed}"


def paper_folders() -> list[Path]:
    """Return the folders of papers: the package's own first, then those of the configuration."""
    folders = [SHIPPED]
    outside = os.environ.get(OUTSIDE, "")
    for part in outside.split(os.pathsep):
        if part:
            folders.append(Path(part))
    return folders


def use_papers(folders: Iterable[Path]) -> None:
    """Also look for papers in these folders, in this process and in the processes it starts."""
    resolved = dict.fromkeys(folder.resolve() for folder in folders)
    outside = os.pathsep.join(str(folder) for folder in resolved if folder != SHIPPED)
    if os.environ.get(OUTSIDE, "") == outside:
        return
    os.environ[OUTSIDE] = outside
    # The package of papers may already be imported, with the folders that were known then.
    package = sys.modules.get("facsimile.papers")
    if package is not None:
        package.__path__ = [str(folder) for folder in paper_folders()]
    # Both caches may hold that a name does not exist.
    importlib.invalidate_caches()
    places.cache_clear()


def add_papers(folders: Iterable[Path]) -> None:
    """Look for papers in these folders, too; raises FileNotFoundError if one has none."""
    added = list(folders)
    for folder in added:
        if not homes_in([folder]):
            raise FileNotFoundError(
                f"{folder}: no folder there has a {STUDY} or one of the folders "
                f"{', '.join(KINDS)}; give the folder that holds your papers"
            )
    use_papers([*paper_folders(), *added])


def papers_in(folders: Iterable[Path]) -> dict[str, Path]:
    """Return id -> folder of each paper; raises NameTaken if two papers have the same id."""
    homes = homes_in(folders)
    return {name: home for name, home in homes.items() if (home / STUDY).exists()}


def homes_in(folders: Iterable[Path]) -> dict[str, Path]:
    """Return name -> folder of each paper, and of each folder with models and so on but no study.

    Raises NameTaken if two have the same name.
    """
    homes: dict[str, Path] = {}
    for folder in folders:
        for home in sorted(folder.glob("*/")):
            _require_no_misspelt_study(home)
            if not is_home(home):
                continue
            other = homes.setdefault(home.name, home)
            if other is not home:
                raise NameTaken(
                    f"two papers are called {home.name}: {other} and {home}; rename one"
                )
    return homes


def _require_no_misspelt_study(home: Path) -> None:
    """Raise MisnamedStudy if the study of a paper would be overlooked."""
    if (home / STUDY).exists():
        return
    for file in home.iterdir():
        name = file.name.lower()
        if name == STUDY or name in NOT_STUDY:
            raise MisnamedStudy(f"{file}: call it {STUDY}; under this name it is no study")


def is_home(folder: Path) -> bool:
    """Whether a folder is that of a paper, or holds models and so on."""
    return any((folder / part).exists() for part in (STUDY, *KINDS))


@functools.cache
def places(kind: str) -> dict[str, Place]:
    """Return name -> place of everything of a kind, in shared folders and papers.

    Imports nothing. Files that begin with ``_`` are private. A file may define a family: its
    literal ``MEMBERS`` maps each member's name to the class attributes in which it differs.
    Raises NameTaken if two files define the same name.
    """
    by_name: dict[str, Place] = {}
    for folder, package in _folders(kind):
        for path in sorted(folder.glob("*.py")):
            if path.name.startswith("_"):
                continue
            for name, settings in _members(path).items():
                if name in by_name:
                    other = by_name[name].path
                    raise NameTaken(f"{kind}: {name} is in {other} and in {path}; rename one")
                by_name[name] = Place(path, f"{package}.{path.stem}", settings)
    return dict(sorted(by_name.items()))


def _folders(kind: str) -> list[tuple[Path, str]]:
    """Return each folder with files of a kind and its package name: the shared folder first."""
    folders = [(PACKAGE / kind, f"facsimile.{kind}")]
    for id, paper in homes_in(paper_folders()).items():
        folders.append((paper / kind, f"facsimile.papers.{id}.{kind}"))
    return folders


def _members(path: Path) -> Members:
    """Return the names that a file defines: its own, or those of the members of its family."""
    text = path.read_text(encoding="utf-8", errors="replace")
    # Few files define a family.
    if "MEMBERS" in text:
        for node in _statements(path):
            if not isinstance(node, ast.Assign):
                continue
            if ast.unparse(node.targets[0]) == "MEMBERS":
                members: Members = ast.literal_eval(node.value)
                return members
    return {path.stem: None}


def _statements(path: Path) -> list[ast.stmt]:
    """Return what a file declares; nothing if it is not valid Python, as its user will report."""
    try:
        return outlines.outline(path).body
    except FileError:
        return []


def names(kind: str) -> list[str]:
    """Return the names of everything of a kind, sorted; imports nothing."""
    return list(places(kind))


def place(kind: str, name: str) -> Place:
    """Return where a name of a kind is defined; raises UnknownName."""
    by_name = places(kind)
    if name not in by_name:
        raise UnknownName(singular(kind), name, list(by_name))
    return by_name[name]


def singular(kind: str) -> str:
    """Return the singular of a kind: ``model`` for ``models``, ``data set`` for ``datasets``."""
    return kind.removesuffix("s").replace("dataset", "data set")


def module_name(kind: str, name: str) -> str:
    """Return the dotted name of the module that defines a name of a kind; raises UnknownName."""
    return place(kind, name).module


def module(kind: str, name: str) -> ModuleType:
    """Import the module that defines a name of a kind.

    Raises UnknownName, and MissingExtra if it needs a library that is not installed.
    """
    return _import(kind, name, module_name(kind, name))


def _import(kind: str, name: str, dotted: str) -> ModuleType:
    with extras.required_by(f"the {singular(kind)} {name}"):
        return importlib.import_module(dotted)


def load_class(kind: str, name: str, base: type) -> type:
    """Return the one public subclass of ``base`` that the file of ``name`` defines.

    For a member of a family, return the member's own class. Raises UnknownName if no file defines
    the name, TypeError if the file defines no such class or several, MissingExtra if a library
    that the file needs is not installed.
    """
    where = place(kind, name)
    imported = _import(kind, name, where.module)
    classes: list[type] = []
    for key, value in vars(imported).items():
        # Names from other modules are imports.
        is_own = isinstance(value, type) and value.__module__ == imported.__name__
        if is_own and issubclass(value, base) and not key.startswith("_"):
            classes.append(value)
    if len(classes) != 1:
        names = ", ".join(cls.__name__ for cls in classes) or "none"
        raise TypeError(
            f"{where.path} must define exactly one public subclass of {base.__name__}; "
            f"it defines: {names}"
        )
    if where.settings is None:
        return classes[0]
    family: Any = classes[0]
    return _member(family, name)


@functools.cache
def _member(family: Any, name: str) -> type:
    """Create the class of one member of a family; the cache makes it the same class each time."""
    module = sys.modules[family.__module__]
    settings = vars(module)["MEMBERS"][name]
    parts = name.split("_")
    title = "".join(part.capitalize() for part in parts)
    attributes = {
        "__doc__": family.__doc__,
        "__module__": family.__module__,
        "name": name,
    }
    # The family may have a metaclass, so ``type`` itself cannot create the class.
    metaclass = type(family)
    return metaclass(title, (family,), attributes | settings)


def module_path(module: str) -> Path | None:
    """Return the file of a module of this package or of a paper; None if there is none."""
    parts = module.split(".")[1:]
    folders = [PACKAGE]
    if parts[:1] == ["papers"]:
        folders, parts = paper_folders(), parts[1:]
    for folder in folders:
        # Strings, as paths take four times as long, and a command asks for hundreds of modules.
        base = os.path.join(folder, *parts)
        file = os.path.join(base, "__init__.py") if os.path.isdir(base) else f"{base}.py"
        if os.path.isfile(file):
            return Path(file)
    return None
