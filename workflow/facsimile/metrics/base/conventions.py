"""Names of conventions: which published variant of a metric is computed."""

from facsimile.foundation.discover import UnknownName

DLIB = "dlib-sklearn020"
DLIB_019 = "dlib-sklearn019"
MODERN = "dlib-modern"
EXACT = "exact"
CORRECTED = "corrected"
PAPER = "paper"
ALIASES = {"dlib": DLIB}
# Pages do not compute a convention again whose description begins with "the same number".
SAME = {
    name: "the same number: it does not depend on scikit-learn's version"
    for name in (DLIB_019, MODERN)
}
REFERENCE = (
    "disentanglement_lib 1.5 with scikit-learn 0.20.3, with which the reference values were "
    "computed"
)


def resolve(
    name: str,
    known: dict[str, str],
    metric: str,
) -> str:
    """Full name of a convention of a metric; raises UnknownName if the metric does not have it.

    ``known`` are the metric's ``CONVENTIONS``. For a metric that disentanglement_lib does not have,
    ``dlib`` means the first of them; the table of scores names the convention that was computed.
    """
    full_name = ALIASES.get(name, name)
    if full_name in known:
        return full_name
    if name in ALIASES:
        return next(iter(known))
    raise UnknownName(f"convention of {metric}", name, [*known, *ALIASES])
