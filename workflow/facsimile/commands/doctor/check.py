"""What one check of a site answers: ok, warning or problem, and what to do about it."""

from collections.abc import Iterator
from typing import NamedTuple

OK, WARNING, PROBLEM = "ok", "warning", "problem"


class Check(NamedTuple):
    """What one check found; ``remedy`` says what to do where it is not ok."""

    name: str
    verdict: str
    said: str
    remedy: str = ""


Checks = Iterator[Check]
