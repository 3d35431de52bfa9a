"""The report of a study: a folder of pages that a browser opens from disk, without a server and without a network.

A page that is opened from disk may load scripts, styles and images, but may not fetch: so all data are scripts
(``_script.py``), and WebAssembly lies in one, too. What is large is loaded when it is looked at.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facsimile.comparison import gathered
from facsimile.comparison.gathered import Gathered
from facsimile.planning.workspace import Workspace
from facsimile.presentation import departures
from facsimile.report import (
    _artefacts,
    _comparison,
    _latents,
    _packages,
    _page,
    _records,
    _scores,
    _summary,
)
from facsimile.report._script import script

COPIED = ("comparison.csv", "claims.csv", "summary.md", "artifact-checklist.md")
Log = Callable[[str], None]


def write(workspace: Workspace, study: str, log: Log) -> Path:
    """Write ``results/studies/<study>/<scale>/report`` from what there is of the study; answers its index.html.

    Raises FileNotFoundError where the study has no scores yet, DatasetError where a library of the pages is neither in
    ``results/web`` nor to be downloaded.
    """
    found = gathered.gathered(workspace, study)
    source = workspace.paths.study(study, workspace.config.scale)
    with _replacing(source / "report") as folder:
        _packages.install(workspace.paths.web, folder / "vendor")
        records = dict(_records.payloads(workspace.paths, found.runs))
        for name, packed in records.items():
            _give(folder, f"records/{name}", packed)
        scores = _scores.payload(found.runs, found.scores, found.study, found.context)
        _give(folder, "scores", scores)
        metrics = [score["label"] for score in scores["scores"]]
        latents = _latents.write(
            workspace, found, lambda name, value: _give(folder, name, value), log
        )
        _page.write(
            folder,
            _shown(workspace, found, source, folder, records)
            | {"latents": latents, "metrics": metrics},
        )
    return source / "report" / "index.html"


def _shown(
    workspace: Workspace, found: Gathered, source: Path, folder: Path, records: dict[str, Any]
) -> dict[str, Any]:
    """What stands on the page itself."""
    study, context = found.study, found.context
    copied = {Path(name).stem: _copied(source / name, folder) for name in COPIED}
    compared = source / "comparison.csv"
    return {
        "study": study,
        "context": context,
        "departures": departures.said(context.scale.departures),
        "scale": study.scales[context.scale.name],
        "files": copied,
        "claims": _comparison.claims(source / "claims.csv", context.scale.name),
        "comparison": _comparison.rows(compared) if compared.exists() else [],
        "unsourced": _comparison.unsourced(compared) if compared.exists() else {},
        "tables": _artefacts.tables(study, source, folder, context),
        "figures": _artefacts.figures(study, source, folder, context),
        "summary": _summary.of(found, records),
        "colours": _page.colours(context),
        "results": workspace.config.results,
    }


def _copied(path: Path, folder: Path) -> str:
    """The name of a file that was copied into the folder, empty if there is none."""
    return Path(shutil.copy(path, folder)).name if path.exists() else ""


def _give(folder: Path, name: str, value: Any) -> None:
    path = folder / "data" / f"{name}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(script(name, value))


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A new folder, which takes the place of ``folder`` when the block ends, and leaves it as it was if the block raises."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".report.", dir=folder.parent) as temporary:
        fresh = Path(temporary) / "report"
        fresh.mkdir()
        yield fresh
        if folder.exists():
            folder.rename(Path(temporary) / "old")
        fresh.rename(folder)
