"""Which scores a metric has, read from its file without importing it.

``SCORES`` of a metric maps each score to its meaning. A name in backticks in a meaning is a score
as well. If some scores have a closed form, as ``kl`` in ``kl_theory``, others may. ``{j}`` in a
name stands for a number, as in ``kl_{j}``; a longer word in braces, as in ``{factor}_mean``, stands
for any text.
"""

import functools
import re

from facsimile.foundation import declared, discover
from facsimile.foundation.discover import UnknownName

IN_BACKTICKS = re.compile(r"`([a-z][\w{}]*)`")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
THEORY = "_theory"
TRAILING = re.compile(r"(_\{\w+\})+$")


def of_metric(metric: str) -> list[str]:
    """Return the names and patterns of a metric's scores; raises UnknownName."""
    scores = declared.dictionary("metrics", metric, "SCORES")
    names = dict.fromkeys(scores)
    for meaning in scores.values():
        names |= dict.fromkeys(IN_BACKTICKS.findall(meaning))
    return list(names)


def exists(score: str, series: bool = False) -> bool:
    """Return whether a metric that exists has a score ``metric.score``, without variation.

    With ``series``, ``metric.omega`` may stand for all of ``metric.omega_0``, ``metric.omega_1``, …
    Raises UnknownName for the metric.
    """
    metric, _, name = score.partition(".")
    patterns = of_metric(metric)
    if series:
        patterns += [TRAILING.sub("", pattern) for pattern in patterns]
        # ``into_0`` of ``into_{j}_{i}``.
        patterns += [re.sub(r"_\{\w+\}$", "", pattern) for pattern in patterns]
    names = {name}
    if any(pattern.endswith(THEORY) for pattern in patterns):
        names.add(name.removesuffix(THEORY))
    expressions = [_expression(pattern) for pattern in patterns]
    return any(expression.fullmatch(word) for expression in expressions for word in names)


def check(name: str) -> None:
    """Check that a metric has a score; raises UnknownName with the nearest one.

    ``name`` is ``metric.score`` or ``metric.score@variation``; the variation is not checked. A
    figure of histories may name what several scores have in common.
    """
    score = name.partition("@")[0]
    if not exists(score, series=True):
        raise UnknownName(*_unknown(score))


def unknown(score: str) -> str:
    """Return the message for a score that its metric does not have."""
    if "." not in score:
        names = ", ".join(f"{score}.{name}" for name in of_metric(score))
        return f"{score!r} is a metric; name one of its scores: {names}"
    return discover.unknown(*_unknown(score))


def _unknown(score: str) -> tuple[str, str, list[str]]:
    metric, _, name = score.partition(".")
    return f"score of {metric}", name, of_metric(metric)


def placeholders(pattern: str, name: str) -> dict[str, str] | None:
    """Return the text of each placeholder in a name: ``{"n": "20"}`` for ``kl_{n}``, ``kl_20``.

    None if the name does not have the pattern.
    """
    match = _expression(pattern).fullmatch(name)
    return dict(zip(PLACEHOLDER.findall(pattern), match.groups(), strict=True)) if match else None


@functools.cache
def _expression(pattern: str) -> re.Pattern[str]:
    """Return a regular expression for a name of ``SCORES``, with a group per placeholder."""
    expression = ""
    end = 0
    for match in PLACEHOLDER.finditer(pattern):
        expression += re.escape(pattern[end : match.start()])
        expression += "([0-9]+)" if len(match[1]) == 1 else "(.+)"
        end = match.end()
    return re.compile(expression + re.escape(pattern[end:]))
