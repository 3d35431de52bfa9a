"""PCA and ICA, the linear baselines of the authors."""

from dataclasses import dataclass

from facsimile.models.no_model import NoModel

LABEL = "PCA and ICA"


@dataclass(frozen=True)
class PCAAndICA(NoModel):
    """PCA and ICA of one random subset of the images; no gradients, no training.

    The metric ``pca_and_ica`` fits and scores them.

    Args:
        subset: seed of the random images that both are fitted to; a whole number.
    """

    subset: float

    def check(self) -> None:
        if self.subset < 0 or self.subset != int(self.subset):
            raise ValueError(f"subset must be a whole number, 0 or more, not {self.subset}")
