"""Check the runs in an unpacked bundle: whether all files of a run belong to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facsimile.commands.bundles.bundle_format import RUN_FILE, BundleError
from facsimile.commands.bundles.unpack import Bundle
from facsimile.foundation import canonical
from facsimile.store import files as store_files
from facsimile.store import inferred_arrays, latents, records, stored_scores

Record = dict[str, Any]


def keys_of(bundle: Bundle) -> list[str]:
    """Keys of the runs in a bundle, in its order."""
    matches = map(RUN_FILE.fullmatch, bundle.sums)
    return list(dict.fromkeys(match[1] for match in matches if match))


def files_of(
    bundle: Bundle,
    key: str,
) -> dict[str, Path]:
    """File inside the folder of a run -> where it was unpacked to."""
    prefix = f"runs/{key}/"
    files = {}
    for name in bundle.sums:
        if name.startswith(prefix):
            files[name.removeprefix(prefix)] = bundle.folder / name
    return files


def checked_record(
    path: Path,
    bundle: Bundle,
    key: str,
) -> Record:
    """Return the record of an unpacked run.

    Raises BundleError or StoreError unless all files that came with it belong to this run.
    """
    files = files_of(bundle, key)
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
        raise BundleError(f"{place} has another model than its folder's {model}")


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
