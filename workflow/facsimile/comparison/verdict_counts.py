"""How many numbers and claims of a study have which verdict, and what the others need for one."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from facsimile.comparison import numbers_view
from facsimile.comparison.verdict import DECIDED, NO_SOURCE, NOT_COMPARABLE, counts_in_words

COLUMNS = ["verdict", "reason", "remedy"]
# What tells published numbers apart, and claims.
IDENTITY = [
    *("artefact", "dataset", "model", "params", "metric", "statistic"),
    *("value", "how", "faithful_to", "claim"),
]
SEPARATOR = " · "


def of_folder(folder: Path) -> pd.DataFrame:
    """Every published number and claim in a folder of results, with the columns ``COLUMNS``.

    Results without a published number have no verdict and are left out, and so is the size of the
    study, which its file states. Empty if the folder has neither comparison.csv nor claims.csv.
    """
    return _identified(folder)[COLUMNS]


def of_folders(folders: Sequence[Path]) -> pd.DataFrame:
    """Every published number and claim once, as the first of several folders decides it.

    What none of them decides is as in the first one. Columns as of ``of_folder``.
    """
    rows = pd.concat([_identified(folder) for folder in folders], ignore_index=True)
    is_decided = rows["verdict"].isin(DECIDED)
    in_order = pd.concat([rows[is_decided], rows[~is_decided]])
    return in_order.drop_duplicates([*IDENTITY, "repetition"])[COLUMNS]


def _identified(folder: Path) -> pd.DataFrame:
    """The rows of a folder with ``COLUMNS``, ``IDENTITY`` and ``repetition``.

    A paper may print a number twice; ``repetition`` counts from 0.
    """
    tables = [pd.DataFrame(columns=COLUMNS)]
    comparison_path = folder / "comparison.csv"
    if comparison_path.exists():
        comparison = numbers_view.without_design(numbers_view.read(comparison_path))
        is_published = comparison["verdict"] != NO_SOURCE
        tables.append(comparison[is_published])
    claims_path = folder / "claims.csv"
    if claims_path.exists():
        # Its columns ``statistic`` and ``value`` say what came out, and tell nothing apart.
        read = pd.read_csv(claims_path, keep_default_na=False)
        tables.append(read.reindex(columns=["claim", *COLUMNS], fill_value=""))
    # A table written by an earlier version has no column ``remedy``.
    columns = [*COLUMNS, *IDENTITY]
    rows = [table.reindex(columns=columns, fill_value="").astype(str) for table in tables]
    all_rows = pd.concat(rows, ignore_index=True)
    return all_rows.assign(repetition=all_rows.groupby(IDENTITY).cumcount())


def decided(rows: pd.DataFrame) -> str:
    """``12 reproduced · 1 differs · 2 hold``: the verdicts other than not comparable."""
    verdicts = rows.loc[rows["verdict"].isin(DECIDED), "verdict"]
    return SEPARATOR.join(counts_in_words(verdicts).values())


def undecided(
    rows: pd.DataFrame,
    brief: bool = False,
) -> str:
    """``36: 32 need more seeds, 4 need …``: how many are not comparable, by what they need.

    With ``brief``, only what most of them need.
    """
    remedies = rows.loc[rows["verdict"] == NOT_COMPARABLE, "remedy"]
    if remedies.empty:
        return ""
    counts = remedies.value_counts()
    texts = []
    for remedy, count in (counts.iloc[:1] if brief else counts).items():
        need = "needs" if count == 1 else "need"
        texts.append(f"{count:,} {need} {remedy}")
    return f"{len(remedies):,}: {', '.join(texts)}"


def obstacles(
    rows: pd.DataFrame,
) -> list[tuple[int, str, str]]:
    """How many are not comparable for a reason, the reason, and what would make them comparable.

    The most frequent reason is first.
    """
    not_comparable = rows[rows["verdict"] == NOT_COMPARABLE]
    groups = not_comparable.groupby(["reason", "remedy"], sort=False)
    counts = []
    for (reason, remedy), group in groups:
        counts.append((len(group), str(reason), str(remedy)))
    return sorted(counts, key=lambda obstacle: -obstacle[0])
