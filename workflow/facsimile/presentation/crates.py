"""Provenance of a table or figure: a Process Run Crate, one small folder beside the artefact.

A crate is a folder with ``ro-crate-metadata.json`` (RO-Crate 1.1, profile Process Run Crate 0.5),
the artefact's files, and runs.csv: the runs behind it with the SHA-256 of each run.json. Inputs
outside the folder are identified by their content (``ni:`` URIs, RFC 6920: the SHA-256 itself),
code by content hashes that ignore comments and layout (foundation/provenance.py). Whatever is
unknown, above all the licence, is recorded as unknown.
"""

import base64
import hashlib
import importlib
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

import facsimile
from facsimile.foundation import atomic, canonical, lock_files, provenance
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
METADATA = "ro-crate-metadata.json"
RUNS = "runs.csv"
PYTHON = "https://www.python.org/"
PACKAGES = ("matplotlib", "numpy", "pandas", "scipy", "seaborn")
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
class Production:
    """One table or figure that was made, and what it was made from."""

    spec: Spec
    context: Context
    module: str
    """Module that made it."""
    outputs: list[Path]
    inputs: list[Path]
    runs: pd.DataFrame
    """Runs of the study, with the SHA-256 of each record."""
    began: datetime
    ended: datetime


def write(artefact: Production) -> Path:
    """Write the crate ``<artefact>.crate`` beside the first output, replacing an earlier one.

    The files in it are hard links where the file system has them, so that they cannot differ from
    the outputs.

    Returns
    -------
    Path
        The crate's metadata file.
    """
    folder = artefact.outputs[0].with_suffix(".crate")
    folder.mkdir(exist_ok=True)
    for path in artefact.outputs:
        _link(path, folder / path.name)
    # A crate is complete once its metadata file exists: remove it first and write it last.
    (folder / METADATA).unlink(missing_ok=True)
    runs = _shown_runs(artefact)
    text = runs.to_csv(index=False, lineterminator="\n")
    (folder / RUNS).write_text(text, encoding="utf-8")
    crate = _crate(artefact, folder)
    atomic.write_json(folder / METADATA, crate.metadata.generate())
    return folder / METADATA


def now() -> datetime:
    """The current time in UTC, for ``Production``."""
    return datetime.now(UTC)


def existing(paths: Iterable[Path]) -> list[Path]:
    """The paths that exist: a study need not have published numbers."""
    return [path for path in paths if path.exists()]


def _crate(artefact: Production, folder: Path) -> ROCrate:
    crate = ROCrate(version="1.1")
    root = crate.root_dataset
    spec, context = artefact.spec, artefact.context
    title = f"{spec.id} of {context.design.study} at {context.scale.name} scale"
    root["name"] = title
    sentences = [f"{spec.title}.", *context.caption(spec)]
    root["description"] = " ".join(sentences)
    root["license"] = "not stated: the authors of these results have not given a licence"
    root["datePublished"] = artefact.ended.isoformat(timespec="seconds")
    profile = {"name": "Process Run Crate", "version": "0.5"}
    root["conformsTo"] = _add(crate, PROFILE, "CreativeWork", profile)

    outputs = []
    for path in artefact.outputs:
        outputs.append(_add_data(crate, path.name, folder / path.name))
    runs = _add_data(crate, RUNS, folder / RUNS)
    inputs = []
    for path in artefact.inputs:
        inputs.append(_add_data(crate, _content_id(path), path))
    inputs.append(runs)
    root["hasPart"] = [*outputs, *inputs]
    root["mentions"] = _action(crate, artefact, inputs, outputs, title)
    return crate


def _action(
    crate: ROCrate,
    artefact: Production,
    inputs: list[Entity],
    outputs: list[Entity],
    title: str,
) -> Entity:
    settings = canonical.dumps(artefact.spec.settings())
    properties = {
        "name": f"Made {title}",
        "description": f"{artefact.module} on the runs of {RUNS}: {settings}",
        "instrument": _instrument(crate, artefact.module),
        "object": inputs,
        "result": outputs,
        "startTime": artefact.began.isoformat(),
        "endTime": artefact.ended.isoformat(),
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
    }
    return _add(crate, "#made", "CreateAction", properties)


def _instrument(crate: ROCrate, module: str) -> Entity:
    """The package: hashes of the modules used, versions of its dependencies, and lock files."""
    requirements = []
    for name in PACKAGES:
        # What was really used, which may differ from what the lock file says.
        version = importlib.import_module(name).__version__
        page = f"https://pypi.org/project/{name}/{version}/"
        package = _software(name, version) | {"url": page}
        requirements.append(_add_software(crate, page, package))
    python = _software("python", platform.python_version())
    python["url"] = PYTHON
    requirements.append(_add_software(crate, PYTHON, python))
    # Lock files are part of the repository, not of an installed package.
    for lock in existing(lock_files.paths()):
        requirements.append(_add_data(crate, _content_id(lock), lock))

    modules = []
    for name, code_hash in provenance.hashes(module).items():
        source = _software(name, code_hash) | {"version": code_hash}
        modules.append(_add(crate, f"#{name}", "SoftwareSourceCode", source))

    package = _software("facsimile", facsimile.__version__) | {
        "identifier": f"facsimile-code:{provenance.code(module)}",
        "operatingSystem": platform.platform(),
        "softwareRequirements": requirements,
        "hasPart": modules,
    }
    return _add_software(crate, "#software", package)


def _software(name: str, version: str) -> Properties:
    return {"name": name, "softwareVersion": version}


def _add_software(
    crate: ROCrate,
    id: str,
    properties: Properties,
) -> Entity:
    return _add(crate, id, "SoftwareApplication", properties)


def _add(
    crate: ROCrate,
    id: str,
    type: str,
    properties: Properties,
) -> Entity:
    typed = {"@type": type} | properties
    return crate.add(ContextEntity(crate, id, properties=typed))


def _add_data(
    crate: ROCrate,
    id: str,
    path: Path,
) -> Entity:
    """A file with its size and SHA-256; ``id`` is its name in the crate or a URI of its content."""
    properties = {
        "@type": "File",
        "name": path.name,
        "contentSize": str(path.stat().st_size),
        "sha256": _sha256(path).hex(),
        "encodingFormat": FORMATS.get(path.suffix, "text/plain"),
    }
    if id != path.name:
        properties["alternateName"] = str(path)
    return crate.add(DataEntity(crate, id, properties=properties))


def _content_id(path: Path) -> str:
    """``ni:///sha-256;…`` (RFC 6920): anyone who has the file can verify that it is this one."""
    digest = base64.urlsafe_b64encode(_sha256(path)).decode()
    return f"ni:///sha-256;{digest.rstrip('=')}"


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _shown_runs(artefact: Production) -> pd.DataFrame:
    """Key, state and SHA-256 of run.json of each run shown; an empty hash if it has no record."""
    datasets = artefact.context.shown(artefact.spec)
    shown = artefact.runs["dataset"].isin(datasets)
    columns = ["run", "state", "record_sha256"]
    runs = artefact.runs[shown].reindex(columns=columns)
    return runs.fillna("")


def _link(path: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(path, target)
    except OSError:  # a file system without hard links
        shutil.copy2(path, target)
