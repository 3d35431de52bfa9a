"""Pictures as the dense networks of this study take them: averaged, flat, and from −1 to 1."""

from torch import Tensor
from torch.nn import functional

from facsimile.models.base.arrays import Shapes


def reduced(images: Tensor, side: float) -> Tensor:
    """Return pictures [b, pixels] in [−1, 1] of images [b, c, h, w] in [0, 1].

    Args:
        images: the images.
        side: height and width to which they are averaged.
    """
    averaged = functional.adaptive_avg_pool2d(images, int(side))
    return 2 * averaged.flatten(1) - 1


def pixels(
    model: str,
    shapes: Shapes,
    side: float,
) -> int:
    """Return the numbers per picture; ValueError if it cannot be averaged to ``side``."""
    height, _, channels = shapes["images"]
    if height % int(side):
        raise ValueError(
            f"{model}: pictures of {height} pixels cannot be averaged to {side:g}; "
            f"set side to a divisor of {height}"
        )
    return channels * int(side) ** 2


def check_side(model: str, side: float) -> None:
    """Raise ValueError unless ``side`` is a number of pixels."""
    if side < 1 or side != int(side):
        raise ValueError(f"{model}: side is a number of pixels, not {side:g}")
