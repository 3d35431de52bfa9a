"""β-VAE with BoxBlurMSE: a reconstruction loss that sees how far apart things are."""

from dataclasses import dataclass

from torch import Tensor

from facsimile.papers.overlap.models._mean_squared import MeanSquaredVAE, box_blur_error

LABEL = "β-VAE (BoxBlurMSE)"


@dataclass(frozen=True)
class BetaVAEBoxBlur(MeanSquaredVAE):
    """β-VAE whose error is that of the images plus that of the images blurred by a box (Michlo et al. 2023, section 6.1).

    The box has 63 × 63 pixels and sums to 1; disent calls the loss ``mse_box_r31_l1.0_k3969.0_norm_sum``.

    blur: weight of the blurred images' error.
    """

    blur: float = 3969.0

    def error(self, difference: Tensor) -> Tensor:
        return box_blur_error(difference, self.blur)
