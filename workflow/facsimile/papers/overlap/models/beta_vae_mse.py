"""β-VAE with a mean squared error."""

from dataclasses import dataclass

from facsimile.papers.overlap.models._mean_squared import MeanSquaredVAE

LABEL = "β-VAE (MSE)"
STEP_SECONDS = {"1": 0.028}


@dataclass(frozen=True)
class BetaVAEMSE(MeanSquaredVAE):
    """β-VAE as disent trains it (Michlo et al. 2023, section 5).

    Errors are squared errors of standardised pixels, and every term is a mean.
    """
