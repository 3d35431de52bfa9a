"""What cutting an edge of a trained model does to generated pictures, beside the closed form."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base import kernel_reader
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.ccgm import structural
from facsimile.papers.ccgm.cuts import CUTS

RANGE = (-1.0, 1.0)
BETTER = "lower"
HEADLINE = "read_cut"
NEEDS = (
    "inferred.cut_edge",
    "inferred.cut_weights",
    "inferred.cut_concepts",
    "inferred.cut_images",
    "inferred.exogenous_variances",
    "data.images",
    "data.values",
    "data.scaled",
    "data.held_out",
    "data.parents",
)
REFERENCE = "Bhat et al. 2022, De-biasing generative models using counterfactual methods, abstract"
CONVENTIONS = {
    PAPER: "Pearson's correlation over generated pictures; the reader is the kernel ridge "
    "regression of effectiveness"
}
SECONDS = 10.0
LABELS = {
    "read_kept": "Correlation of cause and effect, edge kept",
    "read_halved": "edge halved",
    "read_cut": "edge cut",
    "read_all_cut": "all edges cut",
    "latent_kept": "Correlation in z, edge kept",
    "latent_halved": "edge halved",
    "latent_cut": "edge cut",
    "latent_all_cut": "all edges cut",
    "deviation_kept": "Deviation of the effect, edge kept",
    "deviation_cut": "edge cut",
    "weight": "Learned weight of the edge",
    "correlation_of_data": "Correlation in the data",
}
SCORES = {
    "read_cut": "correlation of cause and effect as a reader reads them in pictures generated "
    "after the edge is cut, with `read_cut_theory`, that of the linear layer",
    "read_{cut}": "the same with the edge kept, halved or cut, or all edges cut (all_cut)",
    "latent_{cut}": "correlation of cause and effect in z, with `latent_{cut}_theory`",
    "deviation_{cut}": "standard deviation of the effect as it is read, with "
    "`deviation_{cut}_theory`",
    "pair_{i}_{j}_{cut}": "correlation of concepts i and j as they are read, with "
    "`pair_{i}_{j}_{cut}_theory`",
    "largest_{cut}": "largest absolute correlation of two concepts in z, with "
    "`largest_{cut}_theory`",
    "error_{cut}": "mean absolute difference of the values that are read and those of z",
    "reader_error": "mean absolute error of the reader on real held-out pictures",
    "weight": "learned weight of the edge, with `weight_theory`, that of a regression of the "
    "labels on their causes",
    "correlation_of_data": "correlation of cause and effect in the data set",
}
Floats = npt.NDArray[np.float64]
THEORY = "_theory"


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Whether concepts in generated pictures depend on each other as the edges say.

    Formula: the correlation of read values, beside that of $(I - A'^\top)^{-1} S (I - A')^{-1}$,
    where $A'$ are the weights after the cut and $S$ are the variances of the exogenous terms.

    Traps:
    - A cut leaves the exogenous terms as they are. The variance of the effect falls, and its
      correlation with its other causes rises.
    - After a cut, the decoder is given concepts that never occurred together. ``error_cut`` tells
      how far the reader and z agree.
    """
    inferred = outputs.inferred
    cause, effect = (int(concept) for concept in inferred["cut_edge"])
    images = inferred["cut_images"]
    reader = kernel_reader.trained_reader(outputs, images.shape[2])
    scores: dict[str, float] = {}
    for index, cut in enumerate(CUTS):
        exact = structural.covariance(
            inferred["cut_weights"][index].astype(np.float64),
            inferred["exogenous_variances"].astype(np.float64),
        )
        read = reader.read(kernel_reader.flat(images[index]))
        latent = inferred["cut_concepts"][index]
        named = after_cut(exact, read, latent, cause, effect)
        for name, value in named.items():
            stem = name.removesuffix(THEORY)
            scores[f"{stem}_{cut}{name[len(stem) :]}"] = value
    values = outputs.data["values"].astype(np.float64)
    is_held_out = outputs.data["held_out"] == 1
    real = outputs.data["images"][is_held_out]
    small = kernel_reader.downscaled(real, images.shape[2])
    read_in_real = reader.read(kernel_reader.flat(small))
    errors = read_in_real - values[is_held_out]
    return scores | {
        "reader_error": float(np.abs(errors).mean()),
        "correlation_of_data": float(correlation_of(values)[cause, effect]),
        "weight": float(inferred["cut_weights"][0, cause, effect]),
        "weight_theory": regressed(outputs, cause, effect),
    }


def after_cut(
    exact: Floats,
    read: npt.NDArray[np.floating],
    latent: npt.NDArray[np.floating],
    cause: int,
    effect: int,
) -> dict[str, float]:
    """Return the scores after one cut, without its name.

    Args:
        exact: covariance of the linear layer, [k, k].
        read: values of the concepts as they are read in the pictures, [n, k].
        latent: their values in z, [n, k].
        cause: number of the concept at the beginning of the edge.
        effect: number of the one at its end.
    """
    expected = structural.correlation(exact)
    of_read = correlation_of(read)
    of_latent = correlation_of(latent)
    upper = np.triu_indices(len(expected), 1)
    scores = {
        "latent": float(of_latent[cause, effect]),
        f"latent{THEORY}": float(expected[cause, effect]),
        "read": float(of_read[cause, effect]),
        f"read{THEORY}": float(expected[cause, effect]),
        "largest": float(np.abs(of_latent[upper]).max()),
        f"largest{THEORY}": float(np.abs(expected[upper]).max()),
        "deviation": float(read[:, effect].std()),
        f"deviation{THEORY}": float(np.sqrt(exact[effect, effect])),
        "error": float(np.abs(read - latent).mean()),
    }
    for i, j in zip(*upper, strict=True):
        scores[f"pair_{i}_{j}"] = float(of_read[i, j])
        scores[f"pair_{i}_{j}{THEORY}"] = float(expected[i, j])
    return scores


def correlation_of(values: npt.NDArray[np.floating]) -> Floats:
    """Return the correlations [k, k] of values [n, k]; a concept that is constant has none, 0."""
    deviations = values.std(axis=0)
    centred = values.astype(np.float64) - values.mean(axis=0)
    scaled = centred / np.where(deviations > 0, deviations, 1)
    result: Floats = scaled.T @ scaled / len(values)
    return result


def regressed(
    outputs: RunOutputs,
    cause: int,
    effect: int,
) -> float:
    """Return the weight of the edge in a regression of training labels on their causes.

    It has no constant, as the linear layer has none.
    """
    is_training = outputs.data["held_out"] == 0
    labels = outputs.data["scaled"][is_training].astype(np.float64)
    parents = outputs.data["parents"][0] == 1
    if outputs.params.get("absent", 0):
        parents[cause, effect] = False
    moments = labels.T @ labels / len(labels)
    weights, _ = structural.regression(moments, parents)
    return float(weights[cause, effect])
