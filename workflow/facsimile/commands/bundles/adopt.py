"""``facsimile adopt``: take results from another machine into the store.

Indexes are written, too, so that Snakemake regards the runs as finished.
"""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from facsimile.commands.bundles import unpacked_runs
from facsimile.commands.bundles.bundle_format import BundleError
from facsimile.commands.bundles.register import register
from facsimile.commands.bundles.unpack import Bundle, unpack
from facsimile.foundation.log import Log
from facsimile.planning.workspace import Workspace
from facsimile.store import files as store_files
from facsimile.store import records
from facsimile.store.lease import leased
from facsimile.training import weights_code

MAX_NOTES = 10  # printed
CHUNK = 2**20  # bytes read at a time when two files are compared


class Adopted(NamedTuple):
    """Keys of the runs of a bundle, the number of registered shards, and notes for the user.

    ``new`` were written to the store, ``present`` were in it already; ``stale`` are those of them
    that were made by other code than is here.
    """

    new: list[str]
    present: list[str]
    stale: list[str]
    shards: int
    notes: list[str]


def report(
    workspace: Workspace,
    path: Path | None,
    replace: bool,
    log: Log,
) -> None:
    """Adopt a bundle, or register what is in the store if ``path`` is None, and log the result."""
    if path is None:
        shards, notes = register(workspace)
    else:
        adopted = adopt(workspace, path, replace)
        shards, notes = adopted.shards, adopted.notes
        log(
            f"{path}: {len(adopted.new):,} runs adopted, {len(adopted.present):,} were here already"
        )
        if adopted.stale:
            log(
                f"{len(adopted.stale):,} of them were made by other code than is here: "
                f"facsimile explain {adopted.stale[0]}"
            )
    log(f"{shards:,} shards registered")
    for note in notes[:MAX_NOTES]:
        log(note)
    if len(notes) > MAX_NOTES:
        log(f"… and {len(notes) - MAX_NOTES:,} more")


def adopt(
    workspace: Workspace,
    path: Path,
    replace: bool = False,
) -> Adopted:
    """Take in a bundle of ``facsimile export``; write the indexes of the shards that it completes.

    The whole bundle is checked before anything is written. Raises BundleError if it is damaged, if
    the files of a run do not belong to it, or, unless ``replace``, if a run with other content is
    here already.
    """
    with _staging(workspace.config.results) as folder:
        # Until the last loop, files are written to this folder only.
        bundle = unpack(path, folder)
        accepted = {}
        for key in unpacked_runs.keys_of(bundle):
            accepted[key] = unpacked_runs.checked_record(path, bundle, key)
        present = [key for key in accepted if _is_finished(workspace, key)]
        if not replace:
            _refuse_differing(path, workspace, bundle, present)
        new = [key for key in accepted if key not in present or replace]
        for key in accepted:
            _place(path, workspace, bundle, key, replace and key in present)
    stale = []
    for key, record in accepted.items():
        if weights_code.outdated(record):
            stale.append(key)
    shards, notes = register(workspace, set(accepted))
    unchanged = [key for key in present if key not in new]
    return Adopted(new, unchanged, stale, shards, notes)


@contextmanager
def _staging(results: Path) -> Iterator[Path]:
    """A temporary folder on the file system of the store, so that files are moved, not copied."""
    folder = results / f".adopt.{os.getpid()}.{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_finished(workspace: Workspace, key: str) -> bool:
    return records.record(workspace.paths.run(key)) is not None


def _refuse_differing(
    path: Path,
    workspace: Workspace,
    bundle: Bundle,
    keys: Iterable[str],
) -> None:
    """Raise BundleError if a file of these runs is in the store with other content."""
    for key in keys:
        for name, file in unpacked_runs.files_of(bundle, key).items():
            present = workspace.paths.run(key) / name
            if present.exists() and not _same_content(present, file):
                what = "run" if name == store_files.RECORD else "file"
                raise BundleError(
                    f"{path}: {present} is here with other content; nothing was adopted: "
                    f"--replace takes the bundle's {what} instead of ours"
                )


def _same_content(first: Path, second: Path) -> bool:
    if first.stat().st_size != second.stat().st_size:
        return False
    with first.open("rb") as a, second.open("rb") as b:
        while (part := a.read(CHUNK)) == b.read(CHUNK):
            if not part:
                return True
    return False


def _place(
    path: Path,
    workspace: Workspace,
    bundle: Bundle,
    key: str,
    replace: bool,
) -> None:
    """Move the files of a run into its folder, the record last.

    Files that are there already have the same content and stay, unless ``replace``.
    """
    folder = workspace.paths.run(key)
    files = unpacked_runs.files_of(bundle, key)
    with leased(folder) as lease:
        if lease is None:
            raise BundleError(
                f"{path}: {key} is being made here; "
                "adopt again when it is finished, the runs adopted so far are kept"
            )
        # A folder without a record holds at most a checkpoint: its run was not finished.
        if replace or records.record(folder) is None:
            _clear(folder)
        # A run counts as finished once its record is there.
        record_last = sorted(files, key=store_files.RECORD.__eq__)
        for name in record_last:
            target = folder / name
            if not target.exists():
                target.parent.mkdir(exist_ok=True)
                os.replace(files[name], target)


def _clear(folder: Path) -> None:
    """Remove the files of a run, its record first: without it, the others do not count."""
    for name in (
        store_files.RECORD,
        store_files.WEIGHTS,
        store_files.LATENTS,
        store_files.HISTORY,
        store_files.CHECKPOINT,
        store_files.PREVIOUS,
    ):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "scores", ignore_errors=True)
