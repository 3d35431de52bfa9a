"""The verdicts on a published number or a claim, and the styles that the console gives them."""

from collections.abc import Iterable
from typing import NamedTuple

REPRODUCED = "reproduced"
DIFFERS = "differs"
NOT_COMPARABLE = "not comparable"
NO_SOURCE = "no source"

# Also the order in which verdicts are counted. ``NO_SOURCE`` is not among them: it is a row of
# comparison.csv with a number of ours only, and is neither counted nor shown. Claims never get it.
STYLES = {
    REPRODUCED: "bold green",
    DIFFERS: "bold red",
    NOT_COMPARABLE: "yellow",
}
# What data sets that stand in for those of the paper say about a claim. These are no verdicts on
# the paper: they are shown beside verdicts, and never counted with them.
HOLDS = "holds"
DOES_NOT_HOLD = "does not hold"
UNDECIDED = "undecided"
MINIATURE_STYLES = {
    HOLDS: "bold green",
    DOES_NOT_HOLD: "bold red",
    UNDECIDED: "yellow",
}
# How the reason of a number begins that is reproduced because our interval contains it.
INSIDE_INTERVAL = "inside our interval"
SYMBOLS = {
    REPRODUCED: "✓",
    DIFFERS: "✗",
    NOT_COMPARABLE: "·",
}


class Verdict(NamedTuple):
    """One of the words of ``STYLES``, the reason for it, and the rule that decided."""

    verdict: str
    reason: str
    rule: str


def counted(
    verdicts: Iterable[str],
    words: Iterable[str] = tuple(STYLES),
) -> dict[str, int]:
    """Verdict -> how often it occurs, in the order of ``words``; other verdicts are left out."""
    occurring = list(verdicts)
    counts = {verdict: occurring.count(verdict) for verdict in words}
    return {verdict: count for verdict, count in counts.items() if count}
