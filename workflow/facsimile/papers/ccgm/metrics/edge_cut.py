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
    weights = inferred["cut_weights"].astype(np.float64)
    variances = inferred["exogenous_variances"].astype(np.float64)
    cause, effect = (int(concept) for concept in inferred["cut_edge"])
    side = inferred["cut_images"].shape[2]
    reader = kernel_reader.trained_reader(outputs, side)
    scores: dict[str, float] = {}
    for index, cut in enumerate(CUTS):
        exact = structural.covariance(weights[index], variances)
        latent = inferred["cut_concepts"][index].astype(np.float64)
        read = reader.read(kernel_reader.flat(inferred["cut_images"][index]))
        expected = structural.correlation(exact)
        correlations = {
            "latent": correlation_of(latent),
            "read": correlation_of(read),
        }
        for name, measured in correlations.items():
            scores[f"{name}_{cut}"] = float(measured[cause, effect])
            scores[f"{name}_{cut}_theory"] = float(expected[cause, effect])
        upper = np.triu_indices(len(expected), 1)
        for i, j in zip(*upper, strict=True):
            scores[f"pair_{i}_{j}_{cut}"] = float(correlations["read"][i, j])
            scores[f"pair_{i}_{j}_{cut}_theory"] = float(expected[i, j])
        scores[f"largest_{cut}"] = float(np.abs(correlations["latent"][upper]).max())
        scores[f"largest_{cut}_theory"] = float(np.abs(expected[upper]).max())
        scores[f"deviation_{cut}"] = float(read[:, effect].std())
        scores[f"deviation_{cut}_theory"] = float(np.sqrt(exact[effect, effect]))
        scores[f"error_{cut}"] = float(np.abs(read - latent).mean())
    real = np.flatnonzero(outputs.data["held_out"] == 1)[: len(latent)]
    pictures = kernel_reader.downscaled(outputs.data["images"][real], side)
    errors = reader.read(kernel_reader.flat(pictures)) - outputs.data["values"][real]
    values = outputs.data["values"].astype(np.float64)
    return scores | {
        "reader_error": float(np.abs(errors).mean()),
        "correlation_of_data": float(np.corrcoef(values.T)[cause, effect]),
        "weight": float(weights[0, cause, effect]),
        "weight_theory": regressed(outputs, cause, effect),
    }


def correlation_of(values: npt.NDArray[np.floating]) -> Floats:
    """Return the correlations [k, k] of values [n, k]; a concept that is constant has none, 0."""
    deviations = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(deviations > 0, deviations, 1)
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
