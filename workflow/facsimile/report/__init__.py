"""The report of a study: a folder of pages that a browser opens from disk.

They need neither a server nor a network. A page opened from disk may load scripts, styles and
images, but may not fetch files. All data are therefore scripts (``_script.py``), and so is
WebAssembly. Large data are loaded when the reader gets to them.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facsimile.comparison.gathered import Gathered, gathered
from facsimile.foundation.log import Log
from facsimile.planning.workspace import Workspace
from facsimile.presentation import departures
from facsimile.report import (
    _artefacts,
    _comparison,
    _histories,
    _latents,
    _packages,
    _page,
    _records,
    _scores,
    _summary,
)
from facsimile.report._script import Json, script

COPIED = ("comparison.csv", "claims.csv", "summary.md", "artifact-checklist.md")


def write(
    workspace: Workspace,
    study: str,
    log: Log,
    libraries: Path | None = None,
) -> Path:
    """Write ``results/studies/<study>/<scale>/report`` from the results the study has so far.

    ``libraries``: where downloaded libraries of the pages are kept, instead of ``results/web``.
    Returns the path of its index.html.

    Raises FileNotFoundError if the study has no scores yet, and DatasetError if a library of the
    pages is neither in ``results/web`` nor can be downloaded.
    """
    tables = gathered(workspace, study)
    source = workspace.paths.study(study, workspace.config.scale)
    with _replacing(source / "report") as folder:

        def give(name: str, value: Any) -> None:
            _write_data(folder, name, value)

        _packages.install(libraries or workspace.paths.web, folder / "vendor")

        records = dict(_records.payloads(workspace.paths, tables.runs))
        for name, packed in records.items():
            give(f"records/{name}", packed)

        for name, curves in _histories.payloads(workspace.paths, tables.runs):
            give(f"histories/{name}", curves)

        scores = _scores.payload(
            tables.runs,
            tables.scores,
            tables.study,
            tables.context,
        )
        give("scores", scores)

        latents = _latents.write(workspace, tables, give, log)

        shown = _shown(workspace, tables, source, folder, records)
        shown["latents"] = latents
        shown["metrics"] = [score["label"] for score in scores["scores"]]
        _page.write(folder, shown)
    return source / "report" / "index.html"


def _shown(
    workspace: Workspace,
    tables: Gathered,
    source: Path,
    folder: Path,
    records: Json,
) -> Json:
    """The variables of the page's templates; copies the files that the page links to."""
    study, context = tables.study, tables.context
    compared = source / "comparison.csv"
    # Comparison and claims are made by targets of their own and may not exist yet.
    has_comparison = compared.exists()
    files = {}
    for name in COPIED:
        files[Path(name).stem] = _copied(source / name, folder)
    return {
        "study": study,
        "context": context,
        "departures": departures.sentences(context.scale.departures),
        "scale": study.scales[context.scale.name],
        "files": files,
        "claims": _comparison.claims(source / "claims.csv", context.scale.name),
        "comparison": _comparison.rows(compared) if has_comparison else [],
        "tables": _artefacts.tables(study, source, folder, context),
        "figures": _artefacts.figures(study, source, folder, context),
        "summary": _summary.of(tables, records),
        "colours": _page.colours(context),
        "results": workspace.config.results,
    }


def _copied(path: Path, folder: Path) -> str:
    """Copy a file into the folder and return its name; "" if it does not exist."""
    if not path.exists():
        return ""
    return Path(shutil.copy(path, folder)).name


def _write_data(folder: Path, name: str, value: Any) -> None:
    """Write ``value`` as a script that the page loads by its name."""
    path = folder / "data" / f"{name}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(script(name, value))


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Yield a new folder that replaces ``folder`` at the end of the block.

    If the block raises, ``folder`` stays as it was.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, because a rename must not cross file systems.
    with tempfile.TemporaryDirectory(prefix=".report.", dir=folder.parent) as temporary:
        fresh = Path(temporary) / "report"
        fresh.mkdir()
        yield fresh
        if folder.exists():
            folder.rename(Path(temporary) / "old")
        fresh.rename(folder)
