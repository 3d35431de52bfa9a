"""β-TCVAE with minibatch stratified sampling, as the paper defines it and as its code has it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from facsimile.models.base.vae import Posterior
from facsimile.papers.beta_tcvae.models.chen_tc_vae import ChenTCVAE

LABEL = "β-TCVAE (stratified)"
# Batch of 2,048 and width 1,200: 3.5 s. The cube of the width gives 4 ms at 128 units, too.
STEP_SECONDS = {"width": 2.5e-6, "width**3": 1.1e-9}
RUN_BYTES = 57_000_000


@dataclass(frozen=True)
class ChenTCVAEStratified(ChenTCVAE):
    """β-TCVAE whose estimate of q(z), not of log q(z), is unbiased.

    A batch has the sample's own image and M others, drawn without replacement. The own posterior
    has the weight 1/N, one other (N − M)/(N·M), and the rest 1/M. The weights of a sample add up
    to 1.

    The authors' code (``--mss``) sets every (M + 1)-th entry of the flattened matrix to 1/N. The
    diagonal is every (M + 2)-th: 1/N fills the first column instead, and so belongs to the own
    posterior in the first row only. One row does not add up to 1. The estimate is biased.
    YannDubs/disentangling-vae and pythae have the same matrix.

    Batches here are drawn with replacement, which at 2,048 of 737,280 images is a small difference.

    Args:
        released: 1 for the matrix of the authors' code, 0 for that of the paper.
    """

    released: float = 0

    def log_weights(self, q: Posterior) -> Tensor:
        batch = q.mean.shape[0]
        count = q.mean.new_ones(()) * self.images
        is_released = q.mean.new_ones(()) * self.released > 0.5
        of_code = released_weights(batch, count)
        of_paper = stratified_weights(batch, count)
        return torch.where(is_released, of_code, of_paper).log()

    def check(self) -> None:
        super().check()
        if self.released not in (0, 1):
            raise ValueError(f"released must be 0 or 1, not {self.released}")


def stratified_weights(batch: int, images: Tensor) -> Tensor:
    """Return the weights [b, b] of minibatch stratified sampling; each row adds up to 1.

    Row i is for sample i: 1/N on the diagonal, (N − M)/(N·M) for the next image, else 1/M, with
    M = b − 1.

    Args:
        batch: images in a batch, 2 or more.
        images: images of the data set, a scalar.
    """
    identity = torch.eye(batch, dtype=images.dtype, device=images.device)
    # The image after the own one; the last row takes the first.
    after = identity.roll(1, 1)
    return _weights(images, batch, own=identity, stratum=after)


def released_weights(batch: int, images: Tensor) -> Tensor:
    """Return the weights [b, b] as ``_log_importance_weight_matrix`` of the authors' code has them.

    Args:
        batch: images in a batch, 2 or more.
        images: images of the data set, a scalar.
    """
    # By comparing indices: assigning to entries would copy numbers to the GPU in every step.
    row = torch.arange(batch, device=images.device)[:, None]
    column = torch.arange(batch, device=images.device)
    is_last_but_one = row == batch - 2
    own = (column == 0) & ~is_last_but_one
    stratum = (column == 1) | ((column == 0) & is_last_but_one)
    own, stratum = own.to(images.dtype), stratum.to(images.dtype)
    return _weights(images, batch, own, stratum)


def _weights(
    images: Tensor,
    batch: int,
    own: Tensor,
    stratum: Tensor,
) -> Tensor:
    """Return the matrix with its three weights; ``own`` and ``stratum`` are masks [b, b]."""
    others = batch - 1
    rest = 1 - own - stratum
    stratum_weight = (images - others) / (images * others)
    return own / images + stratum * stratum_weight + rest / others
