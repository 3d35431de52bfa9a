"""What a metric costs, by what it costs on the study's data, and a limit."""

from collections.abc import Sequence

from facsimile.metrics.base.draws import Draws
from facsimile.metrics.base.selection import Selected

# The ``SECONDS`` of a metric's file are those of 10,000 training points of dSprites: 10 codes, and
# factors of 3 + 6 + 40 + 32 + 32 values.
VALUES = 113
POINTS = 10_000
CODES = 10
DEFAULT_SECONDS = 1.5
# A metric that would take longer is refused.
LIMIT = 3600.0


def seconds(metric: Selected, draws: Draws) -> float:
    """About how long a metric takes: in proportion to its values, training points and codes.

    Metrics that fit classifiers fit one for each value of each factor.
    """
    measured: float = getattr(metric.module, "SECONDS", DEFAULT_SECONDS)
    if "factors" not in metric.module.NEEDS:
        return measured  # also of a run's outputs, which are no draws
    n, width = draws.train.codes.shape
    largest = draws.train.factors.max(axis=0)
    values = int((largest + 1).sum())
    share = (values / VALUES) * (n / POINTS)
    return measured * share * (width / CODES)


def total(metrics: Sequence[Selected], draws: Draws) -> float:
    """About how long several metrics take."""
    return sum(seconds(metric, draws) for metric in metrics)


def require_affordable(metric: Selected, draws: Draws) -> None:
    """Raise ValueError if a metric would take longer than the limit."""
    estimate = seconds(metric, draws)
    if estimate <= LIMIT:
        return
    counts = draws.train.factors.max(axis=0) + 1
    j = int(counts.argmax())
    raise ValueError(
        f"would take about {described(estimate)}: factor {draws.names[j]} has {counts[j]:,} "
        "values, and each is a class of its own; divide it into bins (bins=20, on the command line "
        "--bins 20), or give fewer points (n_train)"
    )


def described(seconds: float) -> str:
    """A duration in words: ``40 s``, ``5 min``, ``3 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.0f} h"
