"""``facsimile adopt``: take results from another machine into the store.

Indexes are written, too, so that Snakemake regards the runs as finished.
"""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from facsimile.commands.bundles.bundle_format import RUN_FILE, BundleError
from facsimile.commands.bundles.unpack import Bundle, unpack
from facsimile.foundation import canonical, provenance
from facsimile.foundation.log import Log
from facsimile.planning.workspace import Workspace
from facsimile.scoring import score_shard
from facsimile.store import files as store_files
from facsimile.store import inferred_arrays, latents, records, shard_jobs, stored_scores
from facsimile.store.lease import leased
from facsimile.store.stored_scores import StoredScores
from facsimile.studies import evaluations
from facsimile.studies.runs import Run, Shard
from facsimile.studies.study import Study
from facsimile.training import weights_code

MAX_NOTES = 10  # printed
CHUNK = 2**20  # bytes read at a time when two files are compared

Record = dict[str, Any]


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
        for key in _keys(bundle):
            accepted[key] = _checked(path, bundle, key)
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


def register(workspace: Workspace, keys: set[str] | None = None) -> tuple[int, list[str]]:
    """Write the indexes of every shard whose runs are all in the store.

    Only shards with a run in ``keys``, unless it is None. Returns the number of registered shards,
    and notes that say why others were not registered.
    """
    paths = workspace.paths
    shards = 0
    _, broken = workspace.read()
    notes = [f"not registered, as its study has errors: {error}" for error in broken.values()]
    planned = set[str]()
    for study in workspace.studies():
        for shard in workspace.shards(study):
            members = {run.key for run in shard.runs}
            planned |= members
            if keys is not None and not members & keys:
                continue
            missing = [run for run in shard.runs if not shard_jobs.trained(paths, run)]
            if missing:
                notes.append(
                    f"{shard.key}: {len(missing):,} of {len(shard.runs)} runs are not here; "
                    "snakemake will make them"
                )
                continue
            notes += _write_indexes(workspace, study, shard)
            shards += 1
    unplanned = keys - planned if keys is not None else set()
    if unplanned:
        notes.append(
            f"{len(unplanned):,} runs belong to no study here at scale {workspace.config.scale}, "
            f"such as {min(unplanned)}; they are kept: "
            "give the scale with --scale, or add the study file"
        )
    # Studies may share shards, and with them notes.
    return shards, list(dict.fromkeys(notes))


def _write_indexes(
    workspace: Workspace,
    study: Study,
    shard: Shard,
) -> list[str]:
    """Write the indexes of a shard in Snakemake's order; return notes on those not written.

    An index must not be older than its inputs, or Snakemake runs the job again.
    """
    notes = []
    paths = workspace.paths
    data = paths.dataset(shard.dataset)
    if not data.exists():
        notes.append(
            f"{data} is not here; only new runs need it. "
            "Once it is made, it is newer than the runs: type facsimile adopt again"
        )
    succeeded = [run for run in shard.runs if not shard_jobs.failed(paths, run)]
    scores, missing = _scores(workspace, study, succeeded)

    folder = paths.shard(shard.key)
    shard_jobs.write_index(folder / "trained.json", shard, paths)
    run_folders = [paths.run(run.key) for run in succeeded]
    if missing and not all(map(latents.is_encoded, run_folders)):
        notes.append(
            f"{shard.key}: neither all scores nor all latents are here; "
            "snakemake will encode, which needs the weights"
        )
        return notes
    shard_jobs.write_index(folder / "encoded.json", shard, paths)

    if missing:
        notes.append(
            f"{shard.key}: {', '.join(missing)} has no scores for some runs; "
            "snakemake will compute them, which needs the latents"
        )
        return notes
    panel = evaluations.panel(study, workspace.config.scale)
    table = []
    outdated = set()
    for metric, run, stored in scores:
        table.append((run, stored))
        if _of_other_code(metric, stored):
            outdated.add(metric)
    stored_scores.write_table(paths.shard_scores(shard.key, panel), table)
    for metric in sorted(outdated):
        notes.append(
            f"{shard.key}: {metric} was computed by other code than is here; its scores are kept"
        )
    return notes


def _scores(
    workspace: Workspace,
    study: Study,
    runs: list[Run],
) -> tuple[list[tuple[str, str, StoredScores]], list[str]]:
    """Metric, run and its stored scores, for each metric of the study and run.

    Also returns the metrics that have no scores for some run. A metric counts for a run if it can
    be computed on it. Without its latents this cannot always be told; then a metric also counts if
    its scores are there.
    """
    attributes = {}
    for run in runs:
        path = workspace.paths.run(run.key) / store_files.LATENTS
        attributes[run.key] = latents.attributes_or_none(path) or {}
    scores = []
    missing = set()
    for metric in study.metrics:
        for run in runs:
            stored = _stored(workspace, study, run, metric)
            if stored is not None:
                scores.append((metric, run.key, stored))
            elif score_shard.applicable(metric, run, attributes[run.key]):
                missing.add(metric)
    return scores, sorted(missing)


def _stored(
    workspace: Workspace,
    study: Study,
    run: Run,
    metric: str,
) -> StoredScores | None:
    """The scores of a metric on a run; None if any variation of it is missing."""
    scale = workspace.config.scale
    protocol = evaluations.protocol(study, scale, metric)
    stored = stored_scores.read(workspace.paths.score(run.key, metric, protocol))
    settings = evaluations.settings(study, scale, metric)
    needed = {setting.variation for setting in settings}
    return stored if stored is not None and needed <= stored.variations else None


def _of_other_code(metric: str, stored: StoredScores) -> bool:
    """Whether scores were computed by other code of the metric than is here."""
    current = [provenance.metric_code(metric)]
    return not provenance.same(stored.stamp["code"], current)


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


def _files(bundle: Bundle, key: str) -> dict[str, Path]:
    """File inside the folder of a run -> where it was unpacked to."""
    prefix = f"runs/{key}/"
    files = {}
    for name in bundle.sums:
        if name.startswith(prefix):
            files[name.removeprefix(prefix)] = bundle.folder / name
    return files


def _keys(bundle: Bundle) -> list[str]:
    """Keys of the runs in a bundle, in its order."""
    matches = map(RUN_FILE.fullmatch, bundle.sums)
    return list(dict.fromkeys(match[1] for match in matches if match))


def _checked(
    path: Path,
    bundle: Bundle,
    key: str,
) -> Record:
    """Return the record of an unpacked run.

    Raises BundleError or StoreError unless all files that came with it belong to this run.
    """
    files = _files(bundle, key)
    place = f"{path}: runs/{key}"
    record_place = f"{place}/{store_files.RECORD}"
    if store_files.RECORD not in files:
        raise BundleError(f"{place} has no {store_files.RECORD}")
    content = files[store_files.RECORD].read_bytes()
    record = records.checked_record(content, Path(record_place))
    _check_identity(record, record_place, key)

    kinds = (store_files.WEIGHTS, store_files.LATENTS)
    results = [name for name in kinds if name in files]
    if results and record["state"] == "failed":
        raise BundleError(f"{place} failed, and yet has {results[0]}")
    weights_sum = record.get("weights_sha256")
    if store_files.WEIGHTS in files:
        checksum = bundle.sums[f"runs/{key}/{store_files.WEIGHTS}"]
        if checksum != weights_sum:
            raise BundleError(
                f"{place}/{store_files.WEIGHTS} is not the file in its record (checksum differs)"
            )
    if store_files.LATENTS in files:
        latents_place = f"{place}/{store_files.LATENTS}"
        _check_latents(files[store_files.LATENTS], latents_place, key, weights_sum)
    for name, file in files.items():
        is_score = name.startswith("scores/")
        if is_score and stored_scores.read(file) is None:
            raise BundleError(f"{place}/{name} does not hold the scores of a metric")
    return record


def _check_identity(
    record: Record,
    place: str,
    key: str,
) -> None:
    """Raise BundleError unless a record states the run that its folder names."""
    dataset, model, hash8, seed = key.split("/")
    statement = record.get("statement")
    identity = [record.get(field) for field in ("run", "dataset", "seed")]
    is_same = [str(value) for value in identity] == [key, dataset, seed]
    if not is_same or not _has_hash(statement, hash8):
        raise BundleError(f"{place} is not of this run: its statement has another hash or name")
    if (statement or {}).get("model") != model:
        raise BundleError(f"{place} states another model than its folder's {model}")


def _has_hash(statement: object, hash8: str) -> bool:
    try:
        return isinstance(statement, dict) and canonical.hash8(statement) == hash8
    except (ValueError, TypeError, RecursionError, OverflowError):
        # It holds something that no statement holds, such as NaN.
        return False


def _check_latents(
    file: Path,
    place: str,
    key: str,
    weights_sum: object,
) -> None:
    """Raise BundleError unless latents are complete and of this run and its weights."""
    attributes: Mapping[str, Any] = latents.attributes_or_none(file) or {}
    identity = (attributes.get("run"), attributes.get("weights_sha256"))
    if identity != (key, weights_sum):
        raise BundleError(f"{place} is not of this run, or not of its weights")
    try:
        inferred_arrays.whole(file)
    except (store_files.StoreError, ValueError, TypeError) as error:
        # Without the temporary path before it and the advice after it.
        reason = str(error).split(": ", 1)[-1]
        reason = reason.split(";")[0]
        raise BundleError(f"{place}: {reason}") from None


def _refuse_differing(
    path: Path,
    workspace: Workspace,
    bundle: Bundle,
    keys: Iterable[str],
) -> None:
    """Raise BundleError if a file of these runs is in the store with other content."""
    for key in keys:
        for name, file in _files(bundle, key).items():
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
    files = _files(bundle, key)
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
