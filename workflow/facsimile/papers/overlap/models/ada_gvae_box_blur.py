"""Ada-GVAE with BoxBlurMSE."""

from dataclasses import dataclass

from torch import Tensor

from facsimile.papers.overlap.models._mean_squared import box_blur_error
from facsimile.papers.overlap.models.ada_gvae import AdaGVAE

LABEL = "Ada-GVAE (BoxBlurMSE)"


@dataclass(frozen=True)
class AdaGVAEBoxBlur(AdaGVAE):
    """Ada-GVAE whose error is that of the images plus that of the images blurred by a box (Michlo et al. 2023, section 6.1).

    blur: weight of the blurred images' error.
    """

    blur: float = 3969.0

    def error(self, difference: Tensor) -> Tensor:
        return box_blur_error(difference, self.blur)
