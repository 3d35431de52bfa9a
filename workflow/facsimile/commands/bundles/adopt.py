"""``facsimile adopt``: take results made elsewhere into the store, so that Snakemake holds them to be done."""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from facsimile.commands.bundles.bundle_format import OF_A_RUN, BundleError
from facsimile.commands.bundles.unpack import Bundle, unpack
from facsimile.foundation import canonical, discover, provenance
from facsimile.planning.workspace import Workspace
from facsimile.scoring import score_shard
from facsimile.store import files as store_files
from facsimile.store import inferred_arrays, latents, records, shard_jobs, stored_scores
from facsimile.store.lease import leased
from facsimile.store.shard_jobs import Log
from facsimile.store.stored_scores import StoredScores
from facsimile.studies import evaluations
from facsimile.studies.runs import Run, Shard
from facsimile.studies.study import Study
from facsimile.training import weights_code

NOTES = 10  # printed
HEAD = 2**20  # bytes at a time of two files that are compared


class Adopted(NamedTuple):
    """What was taken in: runs new, those that were here, those of another code; indexes written; what is amiss, in words."""

    new: list[str]
    here: list[str]
    stale: list[str]
    shards: int
    notes: list[str]


def report(workspace: Workspace, path: Path | None, replace: bool, log: Log) -> None:
    """Adopt a bundle, or register what the store has, and say what came of it."""
    if path is None:
        shards, notes = register(workspace)
    else:
        done = adopt(workspace, path, replace)
        shards, notes = done.shards, done.notes
        log(f"{path}: {len(done.new):,} runs adopted, {len(done.here):,} were here already")
        if done.stale:
            log(
                f"{len(done.stale):,} of them were made by other code than is here: facsimile explain {done.stale[0]}"
            )
    log(f"{shards:,} shards registered")
    for note in notes[:NOTES] + [f"… and {len(notes) - NOTES:,} more"] * (len(notes) > NOTES):
        log(note)


def adopt(workspace: Workspace, path: Path, replace: bool = False) -> Adopted:
    """Take in a bundle of ``facsimile export`` and write the indexes of the shards that it completes.

    Nothing is written before all of it is checked. Raises BundleError for a damaged bundle, for a run that is not what its
    folder says, and, unless ``replace``, for one that is here already with other content.
    """
    with _staging(workspace.config.results) as folder:
        found = unpack(path, folder)
        made = {key: _checked(path, found, key) for key in _keys(found)}
        here = [key for key in made if records.record(workspace.paths.run(key)) is not None]
        if not replace:
            _refuse_others(path, workspace, found, here)
        new = [key for key in made if key not in here or replace]
        for key in made:
            _place(path, workspace, found, key, replace and key in here)
    stale = [key for key, record in made.items() if weights_code.outdated(record)]
    shards, notes = register(workspace, set(made))
    return Adopted(new, [key for key in here if key not in new], stale, shards, notes)


def register(workspace: Workspace, keys: set[str] | None = None) -> tuple[int, list[str]]:
    """Write the indexes of every shard that the store has all runs of; of those with one of ``keys``, of all if None.

    Answers how many shards were registered, and what stands in the way of the rest.
    """
    shards, notes, known = 0, [], set[str]()
    for study in workspace.studies():
        for shard in workspace.shards(study):
            ours = {run.key for run in shard.runs}
            known |= ours
            if keys is not None and not ours & keys:
                continue
            lacking = [
                run.key for run in shard.runs if not shard_jobs.trained(workspace.paths, run)
            ]
            if lacking:
                notes.append(
                    f"{shard.key}: {len(lacking):,} of {len(shard.runs)} runs are not here; snakemake makes them"
                )
                continue
            notes += _indexes(workspace, study, shard)
            shards += 1
    if keys is not None and (others := keys - known):
        notes.append(
            f"{len(others):,} runs are of no study here at scale {workspace.config.scale}, as {min(others)}; they are kept: "
            "give the scale with --scale, or add the study file"
        )
    return shards, list(dict.fromkeys(notes))


def _indexes(workspace: Workspace, study: Study, shard: Shard) -> list[str]:
    """Write a shard's indexes in the order in which Snakemake would; answers what could not be."""
    folder, notes = workspace.paths.shard(shard.key), []
    if not (data := workspace.paths.dataset(shard.dataset)).exists():
        notes.append(
            f"{data} is not here; only new runs need it; once it is made it is newer: say facsimile adopt again"
        )
    able = [run for run in shard.runs if not shard_jobs.failed(workspace.paths, run)]
    about = {
        run.key: latents.about(workspace.paths.run(run.key) / store_files.LATENTS) or {}
        for run in able
    }
    asked = [
        (metric, run)
        for metric in study.metrics
        for run in able
        if _asked(workspace, study, run, metric, about[run.key])
    ]
    found = [(metric, run.key, _answer(workspace, study, run, metric)) for metric, run in asked]
    lacking = sorted({metric for metric, _, answer in found if answer is None})
    shard_jobs.write_index(folder / "trained.json", shard, workspace.paths)
    if lacking and not all(_encoded(workspace, run) for run in able):
        notes.append(
            f"{shard.key}: neither all scores nor all latents are here; snakemake encodes, which needs the weights"
        )
        return notes
    shard_jobs.write_index(folder / "encoded.json", shard, workspace.paths)
    if lacking:
        notes.append(
            f"{shard.key}: {', '.join(lacking)} has no answer for some runs; snakemake asks it, which needs the latents"
        )
        return notes
    table = [(run, answer) for _, run, answer in found if answer is not None]
    stored_scores.write_table(
        workspace.paths.shard_scores(shard.key, evaluations.panel(study, workspace.config.scale)),
        table,
    )
    for metric in sorted(
        {
            metric
            for metric, _, answer in found
            if answer is not None and _of_other_code(metric, answer)
        }
    ):
        notes.append(
            f"{shard.key}: {metric} was asked of other code than is here; its answers are kept as they are"
        )
    return notes


def _asked(
    workspace: Workspace, study: Study, run: Run, metric: str, about: Mapping[str, Any]
) -> bool:
    """Whether a metric was asked of a run, or can be: of what a run without its latents could be asked, its answers tell."""
    return _answer(workspace, study, run, metric) is not None or score_shard.applicable(
        metric, run, about
    )


def _answer(workspace: Workspace, study: Study, run: Run, metric: str) -> StoredScores | None:
    return stored_scores.read(
        workspace.paths.score(
            run.key, metric, evaluations.protocol(study, workspace.config.scale, metric)
        )
    )


def _of_other_code(metric: str, answer: StoredScores) -> bool:
    return not provenance.same(
        answer.stamp["code"], [provenance.code(discover.located("metrics", metric))]
    )


def _encoded(workspace: Workspace, run: Run) -> bool:
    folder = workspace.paths.run(run.key)
    about, made = latents.about(folder / store_files.LATENTS), records.record(folder)
    return (
        about is not None
        and made is not None
        and about.get("weights_sha256") == made.get("weights_sha256")
    )


@contextmanager
def _staging(results: Path) -> Iterator[Path]:
    """A folder beside the store, on the same file system: files are moved into the store, not copied."""
    folder = results / f".adopt.{os.getpid()}.{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _files(found: Bundle, key: str) -> dict[str, Path]:
    """File inside a run's folder -> where it was unpacked to."""
    prefix = f"runs/{key}/"
    return {
        name.removeprefix(prefix): found.folder / name
        for name in found.sums
        if name.startswith(prefix)
    }


def _keys(found: Bundle) -> list[str]:
    return list(
        dict.fromkeys(match[1] for name in found.sums if (match := OF_A_RUN.fullmatch(name)))
    )


def _checked(path: Path, found: Bundle, key: str) -> dict[str, object]:
    """The record of an unpacked run, if all that came with it is of that run; raises BundleError or StoreError."""
    files, where = _files(found, key), f"{path}: runs/{key}"
    if store_files.RECORD not in files:
        raise BundleError(f"{where} has no {store_files.RECORD}")
    record = records.checked_record(
        files[store_files.RECORD].read_bytes(), Path(f"{where}/{store_files.RECORD}")
    )
    dataset, model, hash8, seed = key.split("/")
    statement = record.get("statement")
    try:
        told = isinstance(statement, dict) and canonical.hash8(statement) == hash8
    except (ValueError, TypeError, RecursionError, OverflowError):
        told = False
    if not told or (record.get("run"), record.get("dataset"), str(record.get("seed"))) != (
        key,
        dataset,
        seed,
    ):
        raise BundleError(
            f"{where}/{store_files.RECORD} is not of this run: what it states has another hash, or another name"
        )
    if (statement or {}).get("model") != model:
        raise BundleError(
            f"{where}/{store_files.RECORD} states another model than its folder's {model}"
        )
    made = [name for name in (store_files.WEIGHTS, store_files.LATENTS) if name in files]
    if made and record["state"] == "failed":
        raise BundleError(f"{where} failed, and yet has {made[0]}")
    if store_files.WEIGHTS in files and found.sums[
        f"runs/{key}/{store_files.WEIGHTS}"
    ] != record.get("weights_sha256"):
        raise BundleError(
            f"{where}/{store_files.WEIGHTS} is not what its record states (checksum differs)"
        )
    if store_files.LATENTS in files:
        _check_latents(
            files[store_files.LATENTS],
            f"{where}/{store_files.LATENTS}",
            key,
            record.get("weights_sha256"),
        )
    for name, file in files.items():
        if name.startswith("scores/") and stored_scores.read(file) is None:
            raise BundleError(f"{where}/{name} is no answer of a metric")
    return record


def _check_latents(file: Path, shown: str, key: str, weights: object) -> None:
    about = latents.about(file) or {}
    if about.get("run") != key or about.get("weights_sha256") != weights:
        raise BundleError(f"{shown} is not of this run, or not of its weights")
    try:
        inferred_arrays.whole(file)
    except (store_files.StoreError, ValueError, TypeError) as error:
        raise BundleError(f"{shown}: {str(error).split(': ', 1)[-1].split(';')[0]}") from None


def _refuse_others(path: Path, workspace: Workspace, found: Bundle, here: Iterable[str]) -> None:
    for key in here:
        for name, file in _files(found, key).items():
            ours = workspace.paths.run(key) / name
            if ours.exists() and not _same(ours, file):
                raise BundleError(
                    f"{path}: {ours} is here with other content; nothing was adopted: --replace takes the bundle's "
                    f"{'run' if name == store_files.RECORD else 'file'} instead of ours"
                )


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as a, other.open("rb") as b:
        while (part := a.read(HEAD)) == b.read(HEAD):
            if not part:
                return True
    return False


def _place(path: Path, workspace: Workspace, found: Bundle, key: str, replace: bool) -> None:
    """Move a run's files into its folder, its record last; what is there and the same stays as it is."""
    folder, files = workspace.paths.run(key), _files(found, key)
    with leased(folder) as claim:
        if claim is None:
            raise BundleError(
                f"{path}: {key} is being made here; adopt again when it is done, the rest is kept"
            )
        if replace:
            _clear(folder)
        elif records.record(folder) is None:
            _clear(folder)  # of a run that was not finished: a checkpoint, at most
        for name in sorted(files, key=lambda name: name == store_files.RECORD):
            if not (folder / name).exists():
                (folder / name).parent.mkdir(exist_ok=True)
                os.replace(files[name], folder / name)


def _clear(folder: Path) -> None:
    """Remove what a run is made of, its record first: without it the rest is nothing."""
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
