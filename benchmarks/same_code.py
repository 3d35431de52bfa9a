"""Record that rewritten code computes the same, by comparing a result folder of each version.

    python benchmarks/same_code.py BEFORE AFTER [--renamed names.csv]

Every run of BEFORE must be in AFTER with the same weights (by checksum), and every stored score
must be equal to the last bit. Only then are the hashes of the code that made BEFORE, and of the
code that made AFTER, written to ``foundation/equivalent_code.csv``, so that results of the earlier
version stay current. Both folders must be made on one machine, because rounding differs between
processors.

``--renamed``: a CSV with the columns ``old,new`` of modules whose names in records have changed; a
module that AFTER does not have counts as part of the training loop.

``--changed``: metrics, separated by commas, that were changed on purpose. Their scores are not
compared, and their earlier code is not recorded as equal.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "workflow"))

from facsimile.foundation import atomic, provenance  # noqa: E402

LOOP = "training/loop"
VOLATILE = ("seconds", "versions", "code")  # of a row of scores


class Differs(RuntimeError):
    """The two versions do not compute the same."""


def main() -> None:
    """Compare and record, or exit with what differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--renamed", type=Path)
    parser.add_argument("--changed", type=lambda text: set(text.split(",")), default=set())
    arguments = parser.parse_args()
    names = renamed(arguments.renamed)
    try:
        pairs = dict(equivalent(arguments.before, arguments.after, names, arguments.changed))
    except Differs as error:
        sys.exit(str(error))
    write(pairs)


def renamed(path: Path | None) -> dict[str, str]:
    """Old name of a module in records -> its present name."""
    if path is None:
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["old"]: row["new"] for row in csv.DictReader(file)}


def equivalent(
    before: Path,
    after: Path,
    names: dict[str, str],
    changed: set[str],
) -> Iterator[tuple[str, tuple]]:
    """Yield (old hash, (new hash, name of the code)); raises Differs."""
    runs = scores = 0
    for path in sorted((before / "runs").glob("*/*/*/*/run.json")):
        folder = path.parent.relative_to(before)
        yield from same_weights(read(path), read(after / folder / "run.json"), names)
        runs += 1
        for score in sorted((path.parent / "scores").glob("*.json")):
            if metric_of(score) in changed:
                continue
            other = after / folder / "scores" / score.name
            yield same_scores(score, read(score), read(other))
            scores += 1
    print(f"{runs} runs with the same weights, {scores} files with the same scores")


def same_weights(
    old: dict[str, Any], new: dict[str, Any], names: dict[str, str]
) -> Iterator[tuple[str, tuple]]:
    """Yield pairs of hashes of the code that made a run; raises Differs if its weights differ."""
    for key in ("run", "state", "weights_sha256", "final"):
        if old.get(key) != new.get(key):
            raise Differs(f"{old['run']}: {key} was {old.get(key)}, is {new.get(key)}")
    for module, digest in old["code"].items():
        name = names.get(module, module)
        name = name if name in new["code"] else LOOP
        yield digest, (new["code"][name], name)


def same_scores(path: Path, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, tuple]:
    """The pair of hashes of a metric's code; raises Differs if a score differs."""
    if [stable(row) for row in old["scores"]] != [stable(row) for row in new["scores"]]:
        raise Differs(f"{path}: other scores")
    return old["stamp"]["code"], (new["stamp"]["code"], f"metrics/{metric_of(path)}")


def metric_of(path: Path) -> str:
    """The metric of a file of scores, METRIC-PROTOCOL.json."""
    return path.name.rpartition("-")[0]


def stable(row: dict[str, Any]) -> dict[str, Any]:
    """The values in a row of scores that do not depend on time or version."""
    return {key: value for key, value in row.items() if key not in VOLATILE}


def read(path: Path) -> dict[str, Any]:
    """A JSON file; raises Differs if it is missing."""
    if not path.exists():
        raise Differs(f"{path}: missing")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def write(pairs: dict[str, tuple]) -> None:
    """Add the pairs to the table; an old hash keeps one successor."""
    with provenance.EQUIVALENT.open(encoding="utf-8", newline="") as file:
        rows = {row["old"]: (row["new"], row["what"]) for row in csv.DictReader(file)}
    rows |= {old: pair for old, pair in pairs.items() if old != pair[0]}
    lines = [f"{old},{new},{what}" for old, (new, what) in sorted(rows.items(), key=by_name)]
    text = "\n".join(["old,new,what", *lines, ""])
    atomic.write_bytes(provenance.EQUIVALENT, text.encode())
    print(f"{len(rows)} hashes in {provenance.EQUIVALENT}")


def by_name(item: tuple[str, tuple]) -> tuple[str, str]:
    """Sort key of the table: the name of the code."""
    return item[1][1], item[0]


if __name__ == "__main__":
    main()
