"""The verdicts on a published number or a claim, and the styles that the console gives them."""

from typing import NamedTuple

REPRODUCED = "reproduced"
DIFFERS = "differs"
NOT_COMPARABLE = "not comparable"
NO_SOURCE = "no source"

# Also the order in which verdicts are counted. Claims never get ``NO_SOURCE``.
STYLES = {
    REPRODUCED: "bold green",
    DIFFERS: "bold red",
    NOT_COMPARABLE: "yellow",
    NO_SOURCE: "dim",
}


class Verdict(NamedTuple):
    """One of the words of ``STYLES``, the reason for it, and the rule that decided."""

    verdict: str
    reason: str
    rule: str
