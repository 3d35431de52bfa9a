"""The network that the models of this paper choose where a study leaves it to them."""

from facsimile.models.base import networks

GROUP = "vae"
OWN = "own"


def architecture(network: str, picture: tuple[int, int, int]) -> str:
    """Return the name of an architecture for pictures of some height, width and channels.

    It is what the study names; or else the paper's convolutions (four of 4 × 4 and stride 2, and a
    dense layer of 256) for pictures of 64 × 64, and dense layers for others.
    """
    if network != OWN:
        return network
    is_large = picture[:2] == (networks.SIDE, networks.SIDE)
    return "paper" if is_large else networks.MLP
