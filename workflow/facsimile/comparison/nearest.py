"""Which variant of a published number matches best: the one whose result is nearest to it.

A published name may have several variants (see ``variants.py``), and each gets its own row of the
comparison. Being nearest is a statement about one number. With few runs it may be chance, and both
variants may reproduce the number, or neither.
"""

import pandas as pd


def marked(rows: pd.DataFrame, numbers: list[int | None]) -> list[str]:
    """Mark each row ``yes`` or ``no``: whether its difference is the smallest for its number.

    ``numbers`` identifies the published number of each row. A row is marked "" if its number has no
    variants, or if fewer than two of them have a result.
    """
    is_variant = rows["faithful_to"] != ""
    has_result = rows["n"] > 0
    distances = rows["difference"].abs()
    distances = distances.where(is_variant & has_result)

    # NaN for rows without a published number: groupby leaves them out.
    number_of_row = pd.Series(numbers, index=rows.index, dtype=float)
    grouped = distances.groupby(number_of_row)
    has_rivals = grouped.transform("count") > 1
    is_nearest = distances == grouped.transform("min")

    marks = is_nearest.map({True: "yes", False: "no"})
    return marks.where(distances.notna() & has_rivals, "").tolist()


def counted(comparison: pd.DataFrame) -> list[str]:
    """One line per artefact and variant: how often it is nearest, and how often it reproduces."""
    # A comparison written before there were variants has no such column.
    if "nearest" not in comparison:
        return []
    is_marked = comparison["nearest"].isin(["yes", "no"])
    groups = comparison[is_marked].groupby(["artefact", "faithful_to"], sort=False)
    lines = []
    for (artefact, words), rows in groups:
        nearest = (rows["nearest"] == "yes").sum()
        reproduced = (rows["verdict"] == "reproduced").sum()
        lines.append(
            f"{artefact}, {words}: nearest of {nearest} and reproduces {reproduced}"
            f" of {len(rows)} published numbers"
        )
    return lines
