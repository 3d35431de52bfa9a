"""``facsimile export``: what the store has of a study, in one file that ``facsimile adopt`` takes elsewhere."""

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
from facsimile.foundation import atomic, provenance
from facsimile.planning.workspace import STUDY, Workspace
from facsimile.store import files, records
from facsimile.studies import evaluations, runs

LOCKS = ("requirements.lock", "torch.lock")
ENDINGS = (".tar", ".tar.gz", ".tgz")


class Exported(NamedTuple):
    """What went into a bundle: runs, those of the study that are not made yet, and bytes before compression."""

    runs: int
    lacking: int
    bytes: int


def export(
    workspace: Workspace, study: str, to: Path, latents: bool = False, weights: bool = False
) -> Exported:
    """Write a bundle of every run of a study that is made, with its scores; ``to`` ends with .tar, .tar.gz or .tgz.

    Raises ValueError for another ending, or where no run is made; StoreError for weights that are not those of the record.
    """
    if not to.name.endswith(ENDINGS):
        raise ValueError(f"{to}: name it .tar or .tar.gz")
    found = workspace.study(study)
    planned = runs.with_snapshots(workspace.runs(found))
    protocols = {
        metric: evaluations.protocol(found, workspace.config.scale, metric)
        for metric in found.metrics
    }
    made = [run.key for run in planned if records.record(workspace.paths.run(run.key)) is not None]
    if not made:
        raise ValueError(
            f"{study} has no finished run at scale {workspace.config.scale} in {workspace.config.results}: snakemake {study}"
        )
    members = _beside(workspace, study)
    for key in made:
        members |= _of_run(workspace, key, protocols, latents, weights)
    sizes = {name: path.stat().st_size for name, path in members.items()}
    about = {
        "format": FORMAT,
        "study": study,
        "scale": workspace.config.scale,
        "made_by": provenance.versions("facsimile"),
    }
    manifest = json.dumps(about | {"runs": made, "members": sizes}, indent=1).encode()
    with atomic.replacing(to) as temporary, _archive(temporary, to.name) as archive:
        _add_bytes(archive, MANIFEST, manifest)
        sums = {MANIFEST: hashlib.sha256(manifest).hexdigest()}
        for name, path in members.items():
            sums[name] = _add(archive, name, path, sizes[name])
        _check_weights(workspace, sums)
        _add_bytes(
            archive,
            SUMS,
            "".join(f"{checksum}  {name}\n" for name, checksum in sums.items()).encode(),
        )
    return Exported(len(made), len(planned) - len(made), sum(sizes.values()))


def _of_run(
    workspace: Workspace, key: str, protocols: dict[str, str], latents: bool, weights: bool
) -> dict[str, Path]:
    """Member -> file, of one run."""
    folder = workspace.paths.run(key)
    names = [files.RECORD, files.HISTORY] + [files.LATENTS] * latents + [files.WEIGHTS] * weights
    found = {f"runs/{key}/{name}": folder / name for name in names}
    for metric, protocol in protocols.items():
        path = workspace.paths.score(key, metric, protocol)
        found[f"runs/{key}/scores/{path.name}"] = path
    return {name: path for name, path in found.items() if path.is_file()}


def _beside(workspace: Workspace, study: str) -> dict[str, Path]:
    """What a reader of the numbers wants: the study, the versions, the gathered tables."""
    tables = workspace.paths.study(study, workspace.config.scale)
    found = {f"study/{study}.yaml": workspace.paper(study) / STUDY}
    found |= {f"study/{name}": Path("envs") / name for name in LOCKS}
    found |= {f"tables/{name}.parquet": tables / f"{name}.parquet" for name in ("runs", "scores")}
    return {name: path for name, path in found.items() if path.is_file()}


@contextmanager
def _archive(path: Path, name: str) -> Iterator[tarfile.TarFile]:
    with path.open("wb") as raw:
        if name.endswith(".tar"):
            with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
                yield archive
            return
        # Level 1: weights and latents are noise to gzip, and JSON is small at any level. No time: equal results, equal bytes.
        with (
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=1, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            yield archive


def _add_bytes(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    _member(archive, name, len(data), io.BytesIO(data))


def _add(archive: tarfile.TarFile, name: str, path: Path, size: int) -> str:
    """Add a file and answer its checksum; raises StoreError if it changes meanwhile."""
    with path.open("rb") as file:
        summed = _Summed(file)
        try:
            _member(archive, name, size, summed)
        except OSError as error:
            raise files.StoreError(
                f"{path}: changed or vanished while it was read ({error}); export again"
            ) from None
        if file.read(1):
            raise files.StoreError(f"{path}: changed while it was read; export again")
    return summed.checksum.hexdigest()


def _member(archive: tarfile.TarFile, name: str, size: int, data: Any) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    archive.addfile(info, data)


class _Summed:
    """A file that is checksummed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.checksum = file, hashlib.sha256()

    def read(self, size: int = CHUNK) -> bytes:
        data = self._file.read(size)
        self.checksum.update(data)
        return data


def _check_weights(workspace: Workspace, sums: dict[str, str]) -> None:
    for name, checksum in sums.items():
        if name.endswith(f"/{files.WEIGHTS}"):
            folder = workspace.paths.root / Path(name).parent
            if (records.record(folder) or {}).get("weights_sha256") != checksum:
                raise files.StoreError(
                    f"{folder / files.WEIGHTS}: not the weights of its record; make the run again: facsimile forget "
                    f"{files.key(folder)}"
                )
