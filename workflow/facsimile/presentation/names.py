"""How models, data sets, metrics and hyper-parameters are written in tables and figures.

A file may say what the thing that it defines is called (``LABEL``, for the scores of a metric and
the members of a family ``LABELS``); without, it is shown as its file's name with spaces.
"""

import functools
import json

from facsimile.foundation import declared, discover

# Scores that papers print and no metric here computes.
OTHER_SCORES = {
    "fid.generated": "FID of generated images",
    "study.runs": "Models that the study states",
}
GREEK = {"beta": "β", "gamma": "γ", "eta": "η", "lambda": "λ", "sigma": "σ", "omega": "ω"}


def model(name: str) -> str:
    """A method or control, as readers know it."""
    label: str = declared.optional("models", name, "LABEL", name.replace("_", " "))
    return label


def dataset(name: str) -> str:
    """A data set, as readers know it."""
    label: str = declared.optional("datasets", name, "LABEL", name.replace("_", " "))
    labels: dict[str, str] = declared.optional("datasets", name, "LABELS", {})
    return labels.get(name, label)


def metric(name: str) -> str:
    """A score, ``metric.score``, as readers know it; ``a ~ b`` is a correlation of two."""
    if " ~ " in name:
        return " ~ ".join(map(metric, name.split(" ~ ")))
    if "@" in name:
        plain, _, variation = name.partition("@")
        return f"{metric(plain)} ({variation.replace('_', ' ')})"
    family, _, score = name.partition(".")
    plain = score if score.startswith(family) or not score else f"{family} {score}"
    return _labelled(name) or (plain or family).replace("_", " ")


def _labelled(name: str) -> str | None:
    """What a metric's file, or this one, calls a score."""
    family, _, score = name.partition(".")
    labels: dict[str, str] = declared.optional("metrics", family, "LABELS", {})
    return labels.get(score) or OTHER_SCORES.get(name)


def parameter(name: str) -> str:
    """A hyper-parameter, as papers write it: ``λ_od``, ``β``, ``particles``."""
    head, _, rest = name.partition("_")
    letter = (
        "_".join(filter(None, [GREEK.get(head, ""), rest]))
        if head in GREEK
        else name.replace("_", " ")
    )
    return _parameter_labels().get(name, letter)


@functools.cache
def _parameter_labels() -> dict[str, str]:
    """What models call those of their hyper-parameters that need more than a Greek letter."""
    labels: dict[str, str] = {}
    for name in discover.names("models"):
        labels |= declared.optional("models", name, "PARAMETER_LABELS", {})
    return labels


def scores(listed: list[str]) -> list[str]:
    """Scores, ``metric.score``, as the columns of one table: scores of one metric alone go without its name."""
    if len({name.partition(".")[0] for name in listed}) > 1:
        return [metric(name) for name in listed]
    plain = [name.partition(".")[2].split("_") for name in listed]
    said = [" ".join(GREEK.get(word, word) for word in words) for words in plain]
    return [
        _labelled(name) or text.replace("kl", "KL") for name, text in zip(listed, said, strict=True)
    ]


def settings(params: str) -> str:
    """Hyper-parameters, given as canonical JSON: ``β = 4``, ``λ_od = 5, λ_d/λ_od = 10``; empty for none."""
    return ", ".join(f"{parameter(key)} = {value:,}" for key, value in json.loads(params).items())


def listed(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
