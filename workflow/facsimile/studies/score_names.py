"""Which scores a metric returns, by its table ``SCORES``."""

import re

from facsimile.foundation import discover
from facsimile.foundation.discover import UnknownName


def check(name: str) -> None:
    """Check that a metric returns a score; raises UnknownName with the nearest one.

    ``name`` is ``metric.score`` or ``metric.score@variation``; the variation is not checked.
    """
    plain = name.partition("@")[0]
    metric, _, score = plain.partition(".")
    declared: dict[str, str] = discover.module("metrics", metric).SCORES
    if not any(_pattern(key).fullmatch(score) for key in declared):
        raise UnknownName(f"score of {metric}", score, list(declared))


def _pattern(key: str) -> re.Pattern[str]:
    """The scores that a key stands for: ``kl_{j}`` for ``kl_0``, ``kl_1``, …"""
    parts = re.split(r"\{\w+\}", key)
    return re.compile(".+".join(map(re.escape, parts)))
