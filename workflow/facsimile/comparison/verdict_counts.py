"""How many numbers and claims of a study have which verdict, and what the others need for one."""

from pathlib import Path

import pandas as pd

from facsimile.comparison import numbers_view
from facsimile.comparison.verdict import DECIDED, NO_SOURCE, NOT_COMPARABLE, counts_in_words

COLUMNS = ["verdict", "reason", "remedy"]
SEPARATOR = " · "


def of_folder(folder: Path) -> pd.DataFrame:
    """Every published number and claim in a folder of results, with the columns ``COLUMNS``.

    Results without a published number have no verdict and are left out, and so is the size of the
    study, which its file states. Empty if the folder has neither comparison.csv nor claims.csv.
    """
    tables = [pd.DataFrame(columns=COLUMNS)]
    comparison_path = folder / "comparison.csv"
    if comparison_path.exists():
        comparison = numbers_view.without_design(numbers_view.read(comparison_path))
        is_published = comparison["verdict"] != NO_SOURCE
        tables.append(comparison[is_published])
    claims_path = folder / "claims.csv"
    if claims_path.exists():
        tables.append(pd.read_csv(claims_path, keep_default_na=False))
    # A table written by an earlier version has no column ``remedy``.
    rows = [table.reindex(columns=COLUMNS, fill_value="") for table in tables]
    return pd.concat(rows, ignore_index=True)


def decided(rows: pd.DataFrame) -> str:
    """``12 reproduced · 1 differs · 2 hold``: the verdicts other than not comparable."""
    verdicts = rows.loc[rows["verdict"].isin(DECIDED), "verdict"]
    return SEPARATOR.join(counts_in_words(verdicts).values())


def undecided(rows: pd.DataFrame, brief: bool = False) -> str:
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


def obstacles(rows: pd.DataFrame) -> list[tuple[int, str, str]]:
    """How many are not comparable for a reason, the reason, and what would make them comparable.

    The most frequent reason is first.
    """
    not_comparable = rows[rows["verdict"] == NOT_COMPARABLE]
    groups = not_comparable.groupby(["reason", "remedy"], sort=False)
    counts = []
    for (reason, remedy), group in groups:
        counts.append((len(group), str(reason), str(remedy)))
    return sorted(counts, key=lambda obstacle: -obstacle[0])
