"""How well small recurrent networks tell generated series from real ones."""

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

# Measured on one core: 8 ms per step with 6 features.
SECONDS = 16.0
RANGE = (0.0, 0.5)
BETTER = "lower"
HEADLINE = "score"
NEEDS = ("inferred.generated", "data.x")
REFERENCE = "Yoon, Jarrett and van der Schaar 2019, Time-series generative adversarial networks"
CONVENTIONS = {PAPER: "3 discriminators of one model, 2,000 steps each, |accuracy - 0.5|"}
LABELS = {
    "score": "Discriminative score",
    "deviation": "Deviation over discriminators",
    "accuracy": "Accuracy of discriminators",
}
SCORES = {
    "score": "|accuracy - 0.5|, mean over discriminators; 0 if series cannot be told apart",
    "deviation": "standard deviation of |accuracy - 0.5| over discriminators of the one model",
    "accuracy": "share of held-out series that are recognised, mean over discriminators",
}
STEPS = 2_000


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Accuracy of discriminators on held-out series, without its sign.

    A discriminator is a GRU with half as many units as features; it reads a series and classifies
    its last state. It is trained on four fifths of real and generated series, 128 of each per step,
    and tested on the others (metrics/discriminative_torch.py in azencot-group/KoVAE).

    Formula: $\frac{1}{J} \sum_j |a_j - \frac{1}{2}|$ over the accuracies $a_j$ of $J$
    discriminators.

    Traps:
    - Of each accuracy the absolute value is taken, so that series which cannot be told apart have
      a mean above 0: 0.006 for two sets of 10,000, of which 4,000 series test.
    - The released code has 10 discriminators and prints their deviation, which says nothing about
      how much a model varies between seeds.
    - With 2 features a discriminator has one unit, and with 5 two: real series against constant
      ones are found to be different only after hundreds of steps. With fewer than 1,000 series of
      either kind, steps are proportionally fewer.
    """
    # The core of the package has no torch.
    from facsimile.papers.kovae.metrics import _judges as judges

    real, generated = judges.series(outputs)
    steps = judges.steps_of(len(real), STEPS)
    accuracies = judges.accuracies(real, generated, steps, outputs.seed)
    distances = abs(accuracies - 0.5)
    return {
        "score": float(distances.mean()),
        "deviation": float(distances.std()),
        "accuracy": float(accuracies.mean()),
    }
