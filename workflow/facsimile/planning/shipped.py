"""Scores that come with Facsimile: where they are, and what can be drawn from them alone."""

from collections.abc import Iterable
from pathlib import Path

from facsimile.foundation import declared
from facsimile.studies.study import Study

# By study and scale, below the working directory.
REFERENCE = Path("results/reference")
# Below the results: what is drawn from shipped scores is kept apart from the user's own results.
FOLDER = "shipped"
FILES = ("runs.parquet", "scores.parquet")
# Constants of the kinds of figures that read the store, which is not shipped.
READS_STORE = ("SHOWS_MODELS", "SHOWS_HISTORY")


def folder(study: str, scale: str) -> Path:
    """Return where the scores of a study at a scale are if they are shipped."""
    return REFERENCE / study / scale


def files(study: str, scale: str) -> list[Path]:
    """Return the shipped tables of runs and scores."""
    return [folder(study, scale) / name for name in FILES]


def is_shipped(study: str, scale: str) -> bool:
    """Return whether the scores of a study at a scale are shipped."""
    return all(path.is_file() for path in files(study, scale))


def scales(study: Study) -> list[str]:
    """Return the scales of a study whose scores are shipped, the largest first."""
    return [scale for scale in study.scales if is_shipped(study.id, scale)]


def missing(study: Study, scale: str) -> str:
    """Return the message for a scale without shipped scores: which scales have some."""
    listed = ", ".join(scales(study)) or "none of its scales"
    return f"{folder(study.id, scale)}: no shipped scores; of {study.id} are shipped: {listed}"


def none_at(scale: str, studies: Iterable[Study]) -> str:
    """Return the message for a scale at which no study has shipped scores."""
    listed = []
    for study in studies:
        listed += [f"{study.id} scale={name}" for name in scales(study)]
    available = "; ".join(listed) or "none"
    return f"scores=reference: no scores are shipped at scale {scale}; shipped are: {available}"


def needs_store(kind: str) -> bool:
    """Return whether a kind of figure shows models or their training, not only scores."""
    return any(declared.optional("figures", kind, key, False) for key in READS_STORE)
