"""Results that come with Facsimile: where they are, and what can be drawn from their scores."""

from collections.abc import Iterable
from pathlib import Path

from facsimile.foundation import declared, shared_files
from facsimile.studies.study import Study

# One folder per study, and in it one per scale.
REFERENCE = Path("results/reference")
# Below the results: what is drawn from shipped scores is kept apart from the user's own results.
FOLDER = "shipped"
FILES = ("runs.parquet", "scores.parquet")
# Constants of the kinds of figures that read the store, which is not shipped.
READS_STORE = ("SHOWS_MODELS", "SHOWS_HISTORY")


def roots() -> list[Path]:
    """Return the folders of shipped results, the first to be searched first.

    They are that of the working directory, so that a paper of your own can have some, and that of
    Facsimile itself: of the checkout, or as installed. Paths below the working directory are
    relative to it.
    """
    own = [REFERENCE] if REFERENCE.is_dir() else []
    known = {folder.resolve() for folder in own}
    places = shared_files.places(str(REFERENCE), REFERENCE.name)
    return own + [folder for folder in places if folder.is_dir() and folder.resolve() not in known]


def folder(study: str, scale: str) -> Path:
    """Return the folder of a study's shipped results at a scale, or where it would be."""
    for root in roots():
        if _has_scores(root / study / scale):
            return root / study / scale
    return REFERENCE / study / scale


def all_folders() -> dict[tuple[str, str], Path]:
    """Return (study, scale) -> folder of everything that is shipped."""
    shipped: dict[tuple[str, str], Path] = {}
    for root in roots():
        for path in sorted(root.glob("*/*/")):
            if _has_scores(path):
                shipped.setdefault((path.parent.name, path.name), path)
    return shipped


def contains(path: Path) -> bool:
    """Return whether a file or folder is one of the shipped results."""
    return any(path.is_relative_to(root) for root in roots())


def files(study: str, scale: str) -> list[Path]:
    """Return the shipped tables of runs and scores."""
    return [folder(study, scale) / name for name in FILES]


def is_shipped(study: str, scale: str) -> bool:
    """Return whether the scores of a study at a scale are shipped."""
    return _has_scores(folder(study, scale))


def _has_scores(folder: Path) -> bool:
    return all((folder / name).is_file() for name in FILES)


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
