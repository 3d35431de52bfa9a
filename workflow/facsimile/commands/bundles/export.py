"""``facsimile export``: the finished runs of a study in one file, for ``facsimile adopt``."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from facsimile.commands.bundles.bundle_format import CHUNK, FORMAT, MANIFEST, SUMS
from facsimile.foundation import atomic, lock_files, provenance
from facsimile.planning.workspace import STUDY, Workspace
from facsimile.store import files, records
from facsimile.studies import evaluations, runs
from facsimile.studies.study import Study

ENDINGS = (".tar", ".tar.gz", ".tgz")


class Exported(NamedTuple):
    """Numbers of runs in a bundle and of runs not finished yet; bytes before compression."""

    runs: int
    missing: int
    bytes: int


def export(
    workspace: Workspace,
    study: str,
    to: Path,
    latents: bool = False,
    weights: bool = False,
) -> Exported:
    """Write a bundle of all finished runs of a study, with their scores.

    ``to`` ends with .tar, .tar.gz or .tgz. Raises ValueError for another ending, or if no run is
    finished; StoreError if weights do not have the checksum of their record.
    """
    if not to.name.endswith(ENDINGS):
        raise ValueError(f"{to}: name it .tar or .tar.gz")
    content = workspace.study(study)
    planned = runs.with_snapshots(workspace.runs(content))
    finished = []
    for run in planned:
        if records.record(workspace.paths.run(run.key)) is not None:
            finished.append(run.key)
    if not finished:
        raise ValueError(
            f"{study} has no finished run at scale {workspace.config.scale} "
            f"in {workspace.config.results}: snakemake {study}"
        )
    members = _files_of_study(workspace, study)
    protocols = _protocols(content, workspace.config.scale)
    for key in finished:
        members |= _files_of_run(workspace, key, protocols, latents, weights)
    sizes = {}
    for name, path in members.items():
        sizes[name] = path.stat().st_size
    manifest = _manifest(workspace, study, finished, sizes)
    # The bundle appears under its name only once all of it is written and checked.
    with atomic.replacing(to) as temporary, _archive(temporary, to.name) as archive:
        _add_bytes(archive, MANIFEST, manifest)
        sums = {MANIFEST: hashlib.sha256(manifest).hexdigest()}
        for name, path in members.items():
            sums[name] = _add_file(archive, name, path, sizes[name])
        _check_weights(workspace, sums)
        lines = [f"{checksum}  {name}\n" for name, checksum in sums.items()]
        _add_bytes(archive, SUMS, "".join(lines).encode())
    n_missing = len(planned) - len(finished)
    return Exported(len(finished), n_missing, sum(sizes.values()))


def _protocols(
    study: Study,
    scale: str,
) -> dict[str, str]:
    """Metric -> hash of the settings with which the study computes it."""
    protocols = {}
    for metric in study.metrics:
        protocols[metric] = evaluations.protocol(study, scale, metric)
    return protocols


def _manifest(
    workspace: Workspace,
    study: str,
    finished: list[str],
    sizes: dict[str, int],
) -> bytes:
    content = {
        "format": FORMAT,
        "study": study,
        "scale": workspace.config.scale,
        "made_by": provenance.versions("facsimile"),
        "runs": finished,
        "members": sizes,
    }
    return json.dumps(content, indent=1).encode()


def _files_of_run(
    workspace: Workspace,
    key: str,
    protocols: dict[str, str],
    latents: bool,
    weights: bool,
) -> dict[str, Path]:
    """Member -> file, for the files that a run has."""
    names = [files.RECORD, files.HISTORY]
    if latents:
        names.append(files.LATENTS)
    if weights:
        names.append(files.WEIGHTS)
    folder = workspace.paths.run(key)
    members = {f"runs/{key}/{name}": folder / name for name in names}
    for metric, protocol in protocols.items():
        path = workspace.paths.score(key, metric, protocol)
        members[f"runs/{key}/scores/{path.name}"] = path
    return _existing(members)


def _files_of_study(
    workspace: Workspace,
    study: str,
) -> dict[str, Path]:
    """Member -> file: the study file, the lock files and the gathered tables."""
    tables = workspace.paths.study(study, workspace.config.scale)
    members = {f"study/{study}.yaml": workspace.paper(study) / STUDY}
    for name in lock_files.LOCKS:
        members[f"study/{name}"] = lock_files.FOLDER / name
    for name in ("runs", "scores"):
        members[f"tables/{name}.parquet"] = tables / f"{name}.parquet"
    return _existing(members)


def _existing(
    members: dict[str, Path],
) -> dict[str, Path]:
    existing = {}
    for name, path in members.items():
        if path.is_file():
            existing[name] = path
    return existing


@contextmanager
def _archive(
    path: Path,
    name: str,
) -> Iterator[tarfile.TarFile]:
    with path.open("wb") as raw:
        if name.endswith(".tar"):
            with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
                yield archive
            return
        # Level 1: weights and latents hardly compress, and JSON is small at any level.
        # Without a time, the same results give the same bytes.
        with (
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=1, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            yield archive


def _add_bytes(
    archive: tarfile.TarFile,
    name: str,
    data: bytes,
) -> None:
    _add_member(archive, name, len(data), io.BytesIO(data))


def _add_file(
    archive: tarfile.TarFile,
    name: str,
    path: Path,
    size: int,
) -> str:
    """Add a file and return its checksum; raise StoreError if it changes while it is read."""
    with path.open("rb") as file:
        reader = _ChecksummedFile(file)
        try:
            _add_member(archive, name, size, reader)
        except OSError as error:
            raise files.StoreError(
                f"{path}: changed or vanished while it was read ({error}); export again"
            ) from None
        # Bytes beyond the size in the manifest: the file has grown since.
        if file.read(1):
            raise files.StoreError(f"{path}: changed while it was read; export again")
    return reader.checksum.hexdigest()


def _add_member(
    archive: tarfile.TarFile,
    name: str,
    size: int,
    data: Any,
) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o644
    archive.addfile(member, data)


class _ChecksummedFile:
    """A file whose checksum is computed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.checksum = hashlib.sha256()

    def read(self, size: int = CHUNK) -> bytes:
        data = self._file.read(size)
        self.checksum.update(data)
        return data


def _check_weights(
    workspace: Workspace,
    sums: dict[str, str],
) -> None:
    """Raise StoreError unless the weights of every run have the checksum of its record."""
    for name, checksum in sums.items():
        if not name.endswith(f"/{files.WEIGHTS}"):
            continue
        folder = workspace.paths.root / Path(name).parent
        record = records.record(folder) or {}
        if record.get("weights_sha256") != checksum:
            raise files.StoreError(
                f"{folder / files.WEIGHTS}: not the weights of its record; "
                f"train the run again: facsimile forget {files.run_key(folder)}"
            )
