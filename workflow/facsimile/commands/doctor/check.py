"""The result of one check: ok, warning or problem, and what to do about it."""

from collections.abc import Iterator
from typing import NamedTuple

OK, WARNING, PROBLEM = "ok", "warning", "problem"


class Check(NamedTuple):
    """The result of one check; ``remedy`` says what to do if it is not ok."""

    name: str
    verdict: str
    message: str
    remedy: str = ""


Checks = Iterator[Check]
