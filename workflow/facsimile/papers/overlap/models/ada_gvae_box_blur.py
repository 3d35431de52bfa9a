"""Ada-GVAE with BoxBlurMSE."""

from dataclasses import dataclass

from torch import Tensor

from facsimile.papers.overlap.models._mean_squared import box_blur_error
from facsimile.papers.overlap.models.ada_gvae import AdaGVAE

LABEL = "Ada-GVAE (BoxBlurMSE)"


@dataclass(frozen=True)
class AdaGVAEBoxBlur(AdaGVAE):
    """Ada-GVAE that adds the squared error of blurred images (Michlo et al. 2023, section 6.1).

    Args:
        blur: weight of the error of the blurred images.
    """

    blur: float = 3969.0

    def error(self, difference: Tensor) -> Tensor:
        return box_blur_error(difference, self.blur)
