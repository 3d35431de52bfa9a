"""Which variant matches: of those that stand for one published number (``variants.py``) the one whose own lies nearest.

That is a fact about one number, and of few runs it may be chance: both variants may reproduce the number, or neither.
"""

import pandas as pd


def marked(rows: pd.DataFrame, numbers: list[int | None]) -> list[str]:
    """Of each row ``yes`` or ``no``: whether its difference is the smallest among the rows of one published number.

    ``numbers`` says which published number a row is for; "" where that has no variants or fewer than two have a number of ours.
    """
    distances = rows["difference"].abs().where((rows["faithful_to"] != "") & (rows["n"] > 0))
    grouped = distances.groupby(pd.Series(numbers, index=rows.index, dtype=float))
    compared = distances.notna() & (grouped.transform("count") > 1)
    words = (distances == grouped.transform("min")).map({True: "yes", False: "no"})
    return words.where(compared, "").tolist()


def counted(comparison: pd.DataFrame) -> list[str]:
    """For each artefact and way to be faithful: of how many published numbers it is nearest, and how many it reproduces."""
    if "nearest" not in comparison:  # a comparison that was written before there were variants
        return []
    asked = comparison[comparison["nearest"].isin(["yes", "no"])]
    lines = []
    for (artefact, words), group in asked.groupby(["artefact", "faithful_to"], sort=False):
        near, same = (group["nearest"] == "yes").sum(), (group["verdict"] == "reproduced").sum()
        lines.append(
            f"{artefact}, {words}: nearest of {near} and reproduces {same} of {len(group)} published numbers"
        )
    return lines
