"""Names of conventions: which published variant of a metric is meant."""

from facsimile.foundation.discover import UnknownName

DLIB = "dlib-sklearn020"
DLIB_019 = "dlib-sklearn019"
MODERN = "dlib-modern"
EXACT = "exact"
CORRECTED = "corrected"
PAPER = "paper"
ALIASES = {"dlib": DLIB}
SAME = {
    name: "the same number: it does not depend on scikit-learn's version"
    for name in (DLIB_019, MODERN)
}
REFERENCE = (
    "disentanglement_lib 1.5 with scikit-learn 0.20.3, on which the reference answers were computed"
)


def resolve(name: str, known: dict[str, str], metric: str) -> str:
    """The full name of a convention that a metric has; raises UnknownName.

    ``dlib`` of a metric that disentanglement_lib lacks is the first that its file declares; the score's row says which.
    """
    full = ALIASES.get(name, name)
    if name in ALIASES and full not in known:
        return next(iter(known))
    if full not in known:
        raise UnknownName(f"convention of {metric}", name, [*known, *ALIASES])
    return full
