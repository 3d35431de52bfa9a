"""How models, data sets, metrics and hyper-parameters are written in tables and figures.

A file may state a display name for what it defines: ``LABEL``, or ``LABELS`` for the scores of a
metric and for the members of a family. Without one, the file's name is shown with spaces.
"""

import functools
import json
import re

from facsimile.foundation import declared, discover
from facsimile.studies import score_names

# Scores that papers print and no metric here computes.
OTHER_SCORES = {
    "fid.generated": "FID of generated images",
    "study.runs": "Models that the study states",
    "study.same_score_same_dataset": "Choice by the same score on the same data set",
    "study.same_score_another_dataset": "Choice by the same score on another data set",
    "study.another_score_same_dataset": "Choice by another score on the same data set",
    "study.another_score_another_dataset": "Choice by another score on another data set",
}
GREEK = {"beta": "β", "gamma": "γ", "eta": "η", "lambda": "λ", "sigma": "σ", "omega": "ω"}


def model(name: str) -> str:
    """The display name of a method or control; a label is shown as the study writes it."""
    if name not in discover.places("models"):
        return name
    label: str = declared.optional("models", name, "LABEL", name.replace("_", " "))
    return label


def dataset(name: str) -> str:
    """The display name of a data set."""
    label: str = declared.optional("datasets", name, "LABEL", name.replace("_", " "))
    labels: dict[str, str] = declared.optional("datasets", name, "LABELS", {})
    return labels.get(name, label)


def metric(name: str) -> str:
    """The display name of a score.

    ``name`` is ``metric.score`` or ``metric.score@variation``, or ``a ~ b`` for the correlation of
    two scores.
    """
    if " ~ " in name:
        return " ~ ".join(map(metric, name.split(" ~ ")))
    if "@" in name:
        plain, _, variation = name.partition("@")
        return f"{metric(plain)} ({variation.replace('_', ' ')})"
    label = _label(name)
    if label:
        return label
    family, _, score = name.partition(".")
    # ``mig.mig`` is shown as "mig", ``dci.completeness`` as "dci completeness".
    words = score if score.startswith(family) or not score else f"{family} {score}"
    return (words or family).replace("_", " ")


def _label(name: str) -> str | None:
    """The label of a score from its metric's file or ``OTHER_SCORES``."""
    family, _, score = name.partition(".")
    labels: dict[str, str] = declared.optional("metrics", family, "LABELS", {})
    if score in labels:
        return labels[score]
    for pattern, label in labels.items():
        values = score_names.placeholders(pattern, score)
        if values:
            return _filled(label, values)
    return OTHER_SCORES.get(name)


def _filled(
    label: str,
    values: dict[str, str],
) -> str:
    """A label with the values of its placeholders.

    A number takes the place of its letter, so that ``KL after n points`` becomes ``KL after 20
    points``; everything else follows in brackets.
    """
    rest = []
    for placeholder, value in values.items():
        letter = rf"\b{placeholder}\b"
        if len(placeholder) == 1 and re.search(letter, label):
            label = re.sub(letter, value, label)
        else:
            rest.append(value.replace("_", " "))
    return f"{label} ({', '.join(rest)})" if rest else label


def parameter(name: str) -> str:
    """A hyper-parameter as papers write it: ``λ_od``, ``β``, ``particles``."""
    labels = _parameter_labels()
    if name in labels:
        return labels[name]
    head, _, rest = name.partition("_")
    if head not in GREEK:
        return name.replace("_", " ")
    return f"{GREEK[head]}_{rest}" if rest else GREEK[head]


@functools.cache
def _parameter_labels() -> dict[str, str]:
    """Labels of the hyper-parameters for which a Greek letter is not enough, from all models."""
    labels: dict[str, str] = {}
    for name in discover.names("models"):
        labels |= declared.optional("models", name, "PARAMETER_LABELS", {})
    return labels


def scores(listed: list[str]) -> list[str]:
    """Display names of scores, ``metric.score``, as columns of one table.

    The name of the metric is left out if all scores are of the same metric.
    """
    if len({name.partition(".")[0] for name in listed}) > 1:
        return [metric(name) for name in listed]
    return [_label(name) or _words(name.partition(".")[2]) for name in listed]


def _words(score: str) -> str:
    """``omega_kl`` as ``ω KL``."""
    words = [GREEK.get(word, word) for word in score.split("_")]
    return " ".join(words).replace("kl", "KL")


def settings(params: str) -> str:
    """Hyper-parameters in words: ``β = 4``, or ``λ_od = 5, λ_d/λ_od = 10``.

    ``params`` is canonical JSON; ``{}`` gives an empty string.
    """
    texts = [f"{parameter(key)} = {value:,}" for key, value in json.loads(params).items()]
    return ", ".join(texts)


def enumeration(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
