"""The verdicts on a published number or a claim, and the styles that the console gives them."""

from collections.abc import Iterable
from typing import NamedTuple

# On a published number.
REPRODUCED = "reproduced"
DIFFERS = "differs"
# On a claim.
HOLDS = "holds"
DOES_NOT_HOLD = "does not hold"
# On both.
NOT_COMPARABLE = "not comparable"
NO_SOURCE = "no source"

DECIDED = (REPRODUCED, DIFFERS, HOLDS, DOES_NOT_HOLD)
OF_NUMBERS = (REPRODUCED, DIFFERS, NOT_COMPARABLE)
# Also the order in which verdicts are counted. ``NO_SOURCE`` is not among them: it is a row of
# comparison.csv with a result of ours only, and is neither counted nor shown. Claims never get it.
STYLES = {
    REPRODUCED: "bold green",
    DIFFERS: "bold red",
    HOLDS: "bold green",
    DOES_NOT_HOLD: "bold red",
    NOT_COMPARABLE: "yellow",
}
PLURALS = {DIFFERS: "differ", HOLDS: "hold", DOES_NOT_HOLD: "do not hold"}
# What data sets that stand in for those of the paper say about a claim. These are no verdicts on
# the paper: they are shown beside verdicts, and never counted with them.
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
    HOLDS: "✓",
    DOES_NOT_HOLD: "✗",
    NOT_COMPARABLE: "·",
}

# What would make a number or claim comparable that is not.
PEERS_PROTOCOL = "a run of the peer's protocol"
LARGER_SCALE = "a scale with the paper's settings"
OTHER_DATA = "a scale with this data set"
MORE_SEEDS = "more seeds"
OTHER_VALUES = "a run with these hyper-parameters"
NEW_METRIC = "a metric or statistic that computes it"
NOT_MADE = "a model or data set that the study leaves out"


class Verdict(NamedTuple):
    """One of the words of ``STYLES``, the reason for it, and the rule that decided.

    ``remedy`` is what would make it comparable; empty if it is.
    """

    verdict: str
    reason: str
    rule: str
    remedy: str = ""


def counts_in_words(
    verdicts: Iterable[str],
    words: Iterable[str] = tuple(STYLES),
) -> dict[str, str]:
    """Verdict -> how often it occurs, in words: ``1 differs``, ``2 differ``, ``3 hold``.

    In the order of ``words``; other verdicts, such as ``NO_SOURCE``, are left out.
    """
    occurring = list(verdicts)
    texts = {}
    for verdict in words:
        count = occurring.count(verdict)
        if count:
            word = verdict if count == 1 else PLURALS.get(verdict, verdict)
            texts[verdict] = f"{count:,} {word}"
    return texts
