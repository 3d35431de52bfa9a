"""Panels: the scores of a study that one scoring job computes, and the names of its files.

The whole panel of a study is named by a hash (``evaluations.panel``). The name of a part of it adds
a number, whose bits say which scores the part has. So the name alone says what to compute, also to
a job on another machine.
"""

import re
from collections.abc import Set

from facsimile.foundation import declared
from facsimile.studies import evaluations
from facsimile.studies.evaluations import EvaluationSetting
from facsimile.studies.parts import Artefact
from facsimile.studies.study import Study

# Metric and variation, "" for the main evaluation.
Part = tuple[str, str]
NAME = re.compile(r"(?P<whole>[0-9a-f]{8})(-(?P<bits>[0-9a-f]+))?")


def parts(study: Study) -> list[Part]:
    """Return all metrics of a study with all their variations, in a fixed order."""
    listed: list[Part] = []
    for metric in sorted(study.metrics):
        listed.append((metric, ""))
        for name, variation in study.variations.items():
            if metric in variation.metrics:
                listed.append((metric, name))
    return listed


def name(study: Study, scale: str, chosen: Set[Part]) -> str:
    """Return the name of a panel: the hash of the whole one, and which part of it is chosen."""
    whole = evaluations.panel(study, scale)
    listed = parts(study)
    if chosen >= set(listed):
        return whole
    bits = sum(1 << index for index, part in enumerate(listed) if part in chosen)
    return f"{whole}-{bits:x}"


def chosen(study: Study, scale: str, panel: str) -> set[Part] | None:
    """Return the parts of a panel; None if it is not one of this study at this scale."""
    match = NAME.fullmatch(panel)
    if match is None or match["whole"] != evaluations.panel(study, scale):
        return None
    listed = parts(study)
    if match["bits"] is None:
        return set(listed)
    bits = int(match["bits"], 16)
    return {part for index, part in enumerate(listed) if bits >> index & 1}


def needed_by(study: Study, folder: str, artefact: Artefact) -> set[Part]:
    """Return the scores that a table or figure shows; ``folder`` is "tables" or "figures".

    One that names no scores needs all: it shows one of each metric, which only its kind knows.
    """
    shown = [*artefact.metrics, *artefact.against]
    metrics = {score.partition(".")[0] for score in shown}
    if not artefact.metrics or not metrics <= set(study.metrics):
        return set(parts(study))
    if declared.optional(folder, artefact.kind, "SHOWS_VARIATIONS", False):
        return {part for part in parts(study) if part[0] in metrics}
    needed = {(metric, "") for metric in metrics}
    for score in shown:
        metric, variation = score.partition(".")[0], score.partition("@")[2]
        # What follows the @ may also be a snapshot of training.
        if variation in study.variations:
            needed.add((metric, variation))
    return needed


def settings(study: Study, scale: str, metric: str, chosen: Set[Part]) -> list[EvaluationSetting]:
    """Return the ways to compute a metric that are chosen, the main evaluation first."""
    every = evaluations.settings(study, scale, metric)
    return [setting for setting in every if (metric, setting.variation) in chosen]
