"""Compare our metrics with the reference: largest difference of each score over all golden cases.

The reference values were computed by disentanglement_lib 1.5 with scikit-learn 0.20.3 on 11 latent
tables of the dSprites grid, 2,000 training and 1,000 test draws (tests/goldens/metrics/README.md).
Prints a Markdown table; the tests check each difference against its limit.

    python benchmarks/agreement.py [--out benchmarks/results/agreement.md]
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facsimile.metrics import dci, explicitness, irs, mig, modularity, sap, unsupervised
from facsimile.metrics.base import mutual_information as information
from facsimile.metrics.base.conventions import DLIB
from facsimile.metrics.base.draws import Draws, Sample

GOLDENS = Path(__file__).parent.parent / "tests" / "goldens" / "metrics"
LIMITS = {
    "mutual information": 2e-4,
    "MIG": 2e-4,
    "Modularity": 2e-4,
    "SAP": 1e-3,
    "IRS": 1e-6,
    "explicitness": 2e-3,
    "DCI disentanglement": 3e-3,
    "DCI completeness": 3e-3,
    "DCI informativeness": 3e-3,
    "Gaussian total correlation": 1e-6,
    "Gaussian Wasserstein correlation": 1e-6,
    "mutual information score": 1e-6,
}
# Codes that determine one another: their total correlation is infinite, and the reference's number
# is a rounding error of LAPACK.
SINGULAR = ("duplicate", "linear_mix")


def differences(golden: dict[str, Any], case: str) -> Iterator[tuple[str, float]]:
    """Yield the name and the largest absolute difference of each score for one case."""
    train, test = (
        Sample(golden[f"mus_{part}"].T, golden[f"ys_{part}"].T) for part in ("train", "test")
    )
    draws = Draws(train, test)
    yield "mutual information", _largest(information.matrix(draws)[0], golden["mi_matrix"])
    yield "MIG", _largest(mig.score(draws)["mig"], golden["mig"])
    yield "Modularity", _largest(modularity.score(draws)["modularity"], golden["modularity"])
    yield "SAP", _largest(sap.score(draws)["sap"], golden["sap_discrete"])
    yield "IRS", _largest(irs.score(draws)["irs"], golden["irs"])
    yield "explicitness", _largest(explicitness.areas(draws, DLIB), golden["explicitness"])
    fitted = list(dci.score(draws).values())
    yield "DCI disentanglement", _largest(fitted[0], golden["dci"][0])
    yield "DCI completeness", _largest(fitted[1], golden["dci"][1])
    yield "DCI informativeness", _largest(fitted[2:], golden["dci"][2:])
    total, *others, shared = unsupervised.score(draws).values()
    if case not in SINGULAR:
        yield "Gaussian total correlation", _largest(total, golden["unsupervised"][0])
    yield "Gaussian Wasserstein correlation", _largest(others, golden["unsupervised"][1:3])
    yield "mutual information score", _largest(shared, golden["unsupervised"][3])


def _largest(ours: Any, theirs: Any) -> float:
    return float(
        np.abs(np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)).max()
    )


def main() -> None:
    """Print the largest difference of each score and its case; write it to ``--out`` if given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    rows = []
    out = parser.parse_args().out
    for path in sorted(GOLDENS.glob("*.npz")):
        case = path.stem.removeprefix("dsprites_")
        with np.load(path, allow_pickle=False) as file:
            for name, difference in differences(dict(file), case):
                rows.append((name, case, difference))
    table = pd.DataFrame(rows, columns=["answer", "case", "difference"])
    lines = [
        "| answer | cases | largest difference | in case | limit |",
        "|---|---:|---:|---|---:|",
    ]
    for name, group in table.groupby("answer", sort=False):
        worst = group.loc[group["difference"].idxmax()]
        lines.append(
            f"| {name} | {len(group)} | {worst['difference']:.1e} | {worst['case']} "
            f"| {LIMITS[str(name)]:.0e} |"
        )
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if out:
        out.write_text(text)


if __name__ == "__main__":
    main()
