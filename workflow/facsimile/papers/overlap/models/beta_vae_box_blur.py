"""β-VAE with BoxBlurMSE, a reconstruction loss that depends on how far apart objects are."""

from dataclasses import dataclass

from torch import Tensor

from facsimile.papers.overlap.models._mean_squared import MeanSquaredVAE, box_blur_error

LABEL = "β-VAE (BoxBlurMSE)"
STEP_SECONDS = {"1": 0.036}


@dataclass(frozen=True)
class BetaVAEBoxBlur(MeanSquaredVAE):
    """β-VAE that adds the squared error of blurred images (Michlo et al. 2023, section 6.1).

    The box has 63 × 63 pixels and sums to 1; disent calls the loss
    ``mse_box_r31_l1.0_k3969.0_norm_sum``.

    Args:
        blur: weight of the error of the blurred images.
    """

    blur: float = 3969.0

    def error(self, difference: Tensor) -> Tensor:
        return box_blur_error(difference, self.blur)
