"""Where a table or figure comes from, as a Process Run Crate: one small folder beside it that says all by itself.

A crate is a folder: ``ro-crate-metadata.json`` (RO-Crate 1.1, profile Process Run Crate 0.5), the artefact's files, and
runs.csv, the runs behind it with the SHA-256 of each run.json. Inputs that stay where they are are named by what they contain
(``ni:`` URIs, RFC 6920: the SHA-256 itself). Code is named by content hashes that are blind to comments and layout
(provenance.py). What is not known, a licence above all, is said to be unknown.
"""

import base64
import hashlib
import importlib
import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from rocrate.model.contextentity import ContextEntity
from rocrate.model.data_entity import DataEntity
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from facsimile.foundation import atomic, canonical, provenance
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
METADATA = "ro-crate-metadata.json"
PACKAGES = ("matplotlib", "numpy", "pandas", "scipy", "seaborn")
LOCKS = ("envs/requirements.lock", "envs/torch.lock")
FORMATS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".tex": "application/x-tex",
    ".yaml": "application/yaml",
}
Properties = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """One table or figure as it was made: its files, what they were made of, by which module, from when to when."""

    spec: Spec
    context: Context
    module: str
    outputs: list[Path]
    inputs: list[Path]
    runs: pd.DataFrame
    began: datetime
    ended: datetime


def write(made: Made) -> Path:
    """Write the crate ``<artefact>.crate`` beside the first output, over what was there; answers its metadata file.

    The folder's files are hard links where the file system has them: they are the outputs, not copies that could differ.
    """
    folder = made.outputs[0].with_suffix(".crate")
    folder.mkdir(exist_ok=True)
    for path in made.outputs:
        _link(path, folder / path.name)
    (folder / METADATA).unlink(missing_ok=True)  # a crate is whole when its metadata are there
    (folder / "runs.csv").write_text(
        _runs(made).to_csv(index=False, lineterminator="\n"), encoding="utf-8"
    )
    atomic.write_json(folder / METADATA, _crate(made, folder).metadata.generate())
    return folder / METADATA


def _crate(made: Made, folder: Path) -> ROCrate:
    crate = ROCrate(version="1.1")
    title = f"{made.spec.id} of {made.context.design.study} at {made.context.scale.name} scale"
    root = crate.root_dataset
    root["name"], root["description"] = (
        title,
        " ".join([f"{made.spec.title}.", *made.context.caption(made.spec)]),
    )
    root["license"] = (
        "not stated: whoever made these results has not said under what licence they are"
    )
    root["datePublished"] = made.ended.isoformat(timespec="seconds")
    root["conformsTo"] = _add(
        crate, PROFILE, "CreativeWork", {"name": "Process Run Crate", "version": "0.5"}
    )
    payload = [
        _add_data(crate, path.name, path)
        for path in [*(folder / p.name for p in made.outputs), folder / "runs.csv"]
    ]
    inputs = [_add_data(crate, _named_by_content(path), path) for path in made.inputs]
    root["hasPart"] = [*payload, *inputs]
    root["mentions"] = _action(crate, made, [*inputs, payload[-1]], payload[:-1], title)
    return crate


def _action(
    crate: ROCrate, made: Made, inputs: list[Entity], outputs: list[Entity], title: str
) -> Entity:
    said = {
        "name": f"Made {title}",
        "description": f"{made.module} on the runs of runs.csv: {canonical.dumps(_stated(made.spec))}",
        "instrument": _instrument(crate, made.module),
        "object": inputs,
        "result": outputs,
        "startTime": made.began.isoformat(),
        "endTime": made.ended.isoformat(),
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
    }
    return _add(crate, "#made", "CreateAction", said)


def _instrument(crate: ROCrate, module: str) -> Entity:
    """The package with the hash of every module that took part, on Python and packages of these versions, from these locks."""
    own = importlib.metadata.version("facsimile")
    versions = {
        name: importlib.import_module(name).__version__ for name in PACKAGES
    }  # imported long ago
    needed = [_package(crate, name, version) for name, version in versions.items()]
    needed.append(
        _add(
            crate,
            "https://www.python.org/",
            "SoftwareApplication",
            _software("python", platform.python_version()) | {"url": "https://www.python.org/"},
        )
    )
    locks = [
        _add_data(crate, _named_by_content(path), path)
        for path in map(Path, LOCKS)
        if path.exists()
    ]
    modules = [
        _add(crate, f"#{name}", "SoftwareSourceCode", _software(name, code) | {"version": code})
        for name, code in provenance.hashes(module).items()
    ]
    said = _software("facsimile", own) | {
        "identifier": f"facsimile-code:{provenance.code(module)}",
        "operatingSystem": platform.platform(),
        "softwareRequirements": [*needed, *locks],
        "hasPart": modules,
    }
    return _add(crate, "#software", "SoftwareApplication", said)


def _package(crate: ROCrate, name: str, version: str) -> Entity:
    page = f"https://pypi.org/project/{name}/{version}/"
    return _add(crate, page, "SoftwareApplication", _software(name, version) | {"url": page})


def _software(name: str, version: str) -> Properties:
    return {"name": name, "softwareVersion": version}


def _add(crate: ROCrate, id: str, type: str, properties: Properties) -> Entity:
    return crate.add(ContextEntity(crate, id, properties={"@type": type, **properties}))


def _add_data(crate: ROCrate, id: str, path: Path) -> Entity:
    """A file with size and SHA-256; ``id`` is its name in the crate, or names it by content."""
    digest = _sha256(path).hex()
    format = FORMATS.get(path.suffix, "text/plain")
    said = {
        "name": path.name,
        "contentSize": str(path.stat().st_size),
        "sha256": digest,
        "encodingFormat": format,
    }
    where = {} if id == path.name else {"alternateName": str(path)}
    return crate.add(DataEntity(crate, id, properties={"@type": "File", **said, **where}))


def _named_by_content(path: Path) -> str:
    """``ni:///sha-256;…`` (RFC 6920): whoever has the file can tell that it is the one."""
    return f"ni:///sha-256;{base64.urlsafe_b64encode(_sha256(path)).decode().rstrip('=')}"


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _runs(made: Made) -> pd.DataFrame:
    """The runs of the data sets shown: key, state, and the SHA-256 of run.json, empty where there is none."""
    own = made.runs[made.runs["dataset"].isin(made.context.shown(made.spec))]
    return own.reindex(columns=["run", "state", "record_sha256"]).fillna("")


def _stated(spec: Spec) -> Properties:
    return {key: value for key, value in vars(spec).items() if value}


def _link(path: Path, to: Path) -> None:
    to.unlink(missing_ok=True)
    try:
        os.link(path, to)
    except OSError:  # a file system without hard links
        shutil.copy2(path, to)


def now() -> datetime:
    """The time, for ``Made``."""
    return datetime.now(UTC)


def existing(paths: Iterable[Path]) -> list[Path]:
    """Those of the paths that are there: a study need not have published numbers."""
    return [path for path in paths if path.exists()]
