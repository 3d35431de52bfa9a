"""Names of the published variants of a metric. A metric lists those it knows in ``CONVENTIONS``, with what each changes."""

from types import ModuleType

from facsimile import discover

DLIB = "dlib-sklearn020"
DLIB_019 = "dlib-sklearn019"
MODERN = "dlib-modern"
EXACT = "exact"
CORRECTED = "corrected"
ALIASES = {"dlib": DLIB}

SAME = {
    DLIB: "disentanglement_lib 1.5 as its 2019 libraries computed it (scikit-learn 0.20.3)",
    DLIB_019: "the same number: this metric does not depend on the version of scikit-learn",
    MODERN: "the same number: this metric does not depend on the version of scikit-learn",
}


def full_name(name: str) -> str:
    """The name that a score's row carries: ``dlib`` is ``dlib-sklearn020``."""
    return ALIASES.get(name, name)


def check(metric: str, module: ModuleType, name: str) -> str:
    """The full name of a convention that ``metric`` knows; raises UnknownName with those there are."""
    found = full_name(name)
    if found not in module.CONVENTIONS:
        raise discover.UnknownName(f"convention of {metric}", name, [*module.CONVENTIONS, *ALIASES])
    return found
