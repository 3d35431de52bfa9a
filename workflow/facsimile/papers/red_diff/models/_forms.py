"""The forms of RED-diff: what the paper's text and two releases do differently."""

from typing import NamedTuple


class Form(NamedTuple):
    """What the paper's text and two releases do differently.

    Attributes:
        means: both terms of the loss are means over their entries, and the first one is halved;
            else sums.
        inverted: start at H⁺ y; else at 0.
        by_noise: λ is multiplied by √(1 - ᾱ) / √ᾱ; else it is constant.
        descends: one time after the other, from the last to the first; else times at random.
        continuous: the schedule of InverseBench, else that of NVlabs.
    """

    means: bool
    inverted: bool
    by_noise: bool
    descends: bool
    continuous: bool


FORMS = {
    "release": Form(True, True, True, True, False),
    "InverseBench": Form(False, False, False, True, True),
    "text": Form(False, True, True, False, False),
    "release, constant weight": Form(True, True, False, True, False),
    "release, random times": Form(True, True, True, False, False),
}
