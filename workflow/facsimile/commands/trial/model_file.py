"""Check a model file of one's own before anything is trained; each problem has file and line."""

import re
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from facsimile.commands.contract import models as contract
from facsimile.commands.contract.lines import ModelLines
from facsimile.foundation import discover
from facsimile.foundation.file_errors import raise_all
from facsimile.foundation.yamlfile import FileError
from facsimile.models import Model

NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class ModelFile:
    """A file that defines one model, which is called by the name of the file.

    ``is_known``: it is in a configured folder of papers, where its model is found by its name.
    """

    path: Path
    is_known: bool

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.path.stem

    @property
    def paper(self) -> str:
        """Id of the paper that a trial makes of it."""
        return f"try_{self.name}"

    def error(self, line: int, message: str) -> FileError:
        """An error about a line of the file."""
        return FileError(self.path, line, message)


def read(path: Path) -> ModelFile:
    """Read a model file; raises FileNotFoundError or FileError. Nothing is imported."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give the file of a model, as in my_vae.py")
    if path.suffix != ".py" or not NAME.fullmatch(path.stem):
        message = "the file is called by the name of the model, as in my_vae.py: a to z, 0 to 9, _"
        raise FileError(path, 1, message)
    try:
        lines = ModelLines(path)
    except SyntaxError as error:
        raise FileError(path, error.lineno or 1, f"not valid Python: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise FileError(path, 1, f"not text in UTF-8: {error.reason}") from None
    if not lines.has_docstring:
        raise FileError(path, 1, 'begin the file with a line that describes it, in """quotes"""')
    return ModelFile(path, _is_known(path))


def _is_known(path: Path) -> bool:
    """Whether its model is found by its name; raises FileError if another file has the name."""
    owner = discover.places("models").get(path.stem)
    if owner is None:
        return False
    if owner.path.resolve() == path.resolve():
        return True
    raise FileError(path, 1, f"the name {path.stem} is taken by {owner.path}; rename your file")


@contextmanager
def findable(file: ModelFile) -> Iterator[Path]:
    """Let the model be found by its name within the block; yield a temporary folder of papers.

    The folder has a paper ``try_<name>`` with a copy of the file, unless the model is found anyway.
    """
    before = discover.paper_folders()
    with tempfile.TemporaryDirectory(prefix="facsimile-try-") as temporary:
        papers = Path(temporary)
        copy_to(file, papers)
        discover.use_papers([*before, papers])
        try:
            yield papers
        finally:
            discover.use_papers(before)
            _forget_modules(file.paper)


def copy_to(file: ModelFile, papers: Path) -> Path:
    """Make the paper of a trial in a folder of papers; return the paper's folder."""
    folder = papers / file.paper
    (folder / "models").mkdir(parents=True, exist_ok=True)
    if not file.is_known:
        shutil.copyfile(file.path, folder / "models" / file.path.name)
    return folder


def check(file: ModelFile) -> None:
    """Raise FileErrors for all problems of the model, which must be findable.

    It must be one class with a docstring, whose losses are finite, trainable and without noise
    that it does not declare.
    """
    lines = ModelLines(file.path)
    name = class_name(file, lines)
    if not lines.describes(name):
        message = f"the class {name} needs a docstring: what the model minimises, and the paper"
        raise file.error(lines.of_class(name), message)
    places = {"class": lines.of_class, "loss": lines.of_loss, "noise": lines.of_noise}
    errors = []
    with errors_located(file):
        for problem in contract.problems_by_part(file.name):
            errors.append(file.error(places[problem.part](name), problem.text))
    raise_all(errors)


def class_name(file: ModelFile, lines: ModelLines) -> str:
    """The name of the file's one public model; raises FileError if there is none, or several."""
    with errors_located(file):
        module = discover.module("models", file.name)
    names = []
    for name in lines.public_classes:
        if issubclass(getattr(module, name), Model):
            names.append(name)
    if not names:
        raise file.error(1, "no model here: define one public subclass of VAE or Model")
    if len(names) > 1:
        first, second = names[:2]
        message = (
            f"a second model, {second}, after {first} in line {lines.of_class(first)}: a file "
            f"defines one; move {second} to a file of its own, or call it _{second}"
        )
        raise file.error(lines.of_class(second), message)
    return names[0]


@contextmanager
def errors_located(file: ModelFile) -> Iterator[None]:
    """Turn an exception within the block into a FileError at the line of the file that raised it.

    An exception that no line of the file raised is about the whole file.
    """
    try:
        yield
    except FileError:
        raise
    except Exception as error:
        line = 1
        for frame in traceback.extract_tb(error.__traceback__):
            # The copy that was imported has the same lines.
            if Path(frame.filename).name == file.path.name:
                line = frame.lineno or 1
        message = " ".join(str(error).split()) or "no message"
        raise file.error(line, f"{type(error).__name__}: {message}") from error


def _forget_modules(paper: str) -> None:
    """Remove a paper's modules, so that another file of the same name is imported again."""
    package = f"facsimile.papers.{paper}"
    for module in list(sys.modules):
        if module == package or module.startswith(f"{package}."):
            del sys.modules[module]
