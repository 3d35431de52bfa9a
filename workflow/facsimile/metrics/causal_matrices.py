"""CITRIS's correlation matrices of sequences: held-out frames, with the model's own assignment."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _network, citris
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.metrics.base.variable_numbers import variable_of

RANGE = (float("-inf"), 1.0)
BETTER = "higher"
HEADLINE = "r2_diag"
NEEDS = (
    "inferred.mean",
    "inferred.log_variance",
    "data.latents",
    "data.angles",
    "data.held_out",
)
REFERENCE = (
    "Lippe et al. 2022, CITRIS: Causal identifiability from temporal intervened sequences, "
    "correlation metrics, as in its released code (phlippe/CITRIS 95f6c90)"
)
SAMPLED, MEANS = "sampled", "means"
CONVENTIONS = {
    SAMPLED: "one code is sampled from the posterior of each frame, as in the released code",
    MEANS: "codes are posterior means",
}
SECONDS = 25.0
LABELS = {
    "r2_diag": "R² diag",
    "r2_max_off_diag": "R² sep (maxima)",
    "r2_mean_off_diag": "R² sep (mean)",
    "spearman_diag": "Spearman diag",
    "spearman_max_off_diag": "Spearman sep (maxima)",
    "spearman_mean_off_diag": "Spearman sep (mean)",
}
SCORES = {
    "r2_diag": "mean R2 of each variable predicted from its own latents",
    "r2_max_off_diag": "mean over variables of the highest R2 of another variable predicted from "
    "their latents; the authors' 'sep'; 0 is best",
    "r2_mean_off_diag": "mean R2 of the other variables, the 'sep' of a later paper; 0 is best",
    "spearman_diag": "as r2_diag, rank correlation of prediction and variable, in [-1, 1]",
    "spearman_max_off_diag": "as r2_max_off_diag, rank correlation, in [-1, 1]; 0 is best",
    "spearman_mean_off_diag": "as r2_mean_off_diag, rank correlation, in [-1, 1]; 0 is best",
    "latents_{i}": "number of latents that belong to variable i",
    "r2_{i}_{j}": "R2 of variable j predicted from the latents of variable i",
    "spearman_{i}_{j}": "rank correlation of variable j and its prediction from the latents of i",
}
Array = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]


class Frames(NamedTuple):
    """Codes [n, d] and the variables' true numbers [n, m]; ``angles`` [m] says which are angles."""

    codes: Array
    variables: Matrix
    angles: npt.NDArray[np.bool_]


def score(
    outputs: RunOutputs,
    convention: str = SAMPLED,
) -> dict[str, float]:
    r"""Whether each causal variable can be predicted from its own latents, and no other from them.

    A model that learns which latents belong to which variable stores its ``assignment``
    [latents, variables or more] of 0 and 1. Without one, a latent belongs to the variable that it
    alone predicts best, as in the released code.

    Formula: as of ``citris``, of the held-out frames alone; an angle is predicted as its sine and
    cosine, and its $R^2$ is of the angular distance. The $R^2$ of a variable of several numbers
    (``data.variable_of``) is the mean over its numbers, and so is its rank correlation.

    Traps:
    - Latents without a learned assignment get the one that is best at the test points, which
      favours models that learn none.
    - A variable to which no latent is assigned has an R2 of about 0.
    - Of variables of several numbers the released code gives a matrix with a column for each
      number, and no mean over it. It predicts a count, like the score of Causal Pinball, as one of
      20 classes, whose R2 is of errors; here a count is a number.
    - The released code predicts angles without a bound and compares directions by their cosine;
      here sine and cosine are predicted like all other numbers, by tanh and squared error.
    - 'sep' of the authors is the mean of the rows' maxima, and of a later paper by some of them
      the mean of all entries: see ``citris``.
    - Frames are split at random into as many training and test points as the evaluation says, or
      into halves if there are fewer.
    """
    train, test = _split(outputs, convention)
    assignment = outputs.inferred.get("assignment")
    owners = variable_of(outputs)
    k = owners.max() + 1
    if assignment is None:
        width = train.codes.shape[1]
        alone = np.eye(width, dtype=np.float32)
        squared, _ = matrices(train, test, alone, outputs.seed)
        sets = _united(citris._assigned(squared), owners)
    else:
        # Further columns are of latents that belong to no variable.
        of_variables = assignment[:, :k]
        sets = of_variables.T.astype(np.float32)
    of_numbers = matrices(train, test, sets, outputs.seed)
    squared, ranks = [_by_variable(matrix, owners) for matrix in of_numbers]
    scores = {}
    for i, latents in enumerate(sets):
        scores[f"latents_{i}"] = float(latents.sum())
    for name, matrix in {"r2": squared, "spearman": ranks}.items():
        scores |= citris._means(name, matrix)
        for i, j in np.ndindex(*matrix.shape):
            scores[f"{name}_{i}_{j}"] = float(matrix[i, j])
    return scores


def _united(
    sets: Array,
    owners: npt.NDArray[np.int64],
) -> Array:
    """Sets [k, d] of the latents of variables, of the sets [m, d] of their numbers."""
    of_variables = np.zeros((owners.max() + 1, sets.shape[1]), sets.dtype)
    np.add.at(of_variables, owners, sets)
    return of_variables


def _by_variable(
    matrix: Matrix,
    owners: npt.NDArray[np.int64],
) -> Matrix:
    """Means [s, k] over the numbers of each variable, of a matrix [s, m]."""
    columns = []
    for variable in range(owners.max() + 1):
        columns.append(matrix[:, owners == variable].mean(axis=1))
    return np.stack(columns, axis=1)


def matrices(
    train: Frames,
    test: Frames,
    sets: Array,
    seed: int,
) -> tuple[Matrix, Matrix]:
    """R2 and rank correlations [s, m] of predictions from each of the sets [s, d] of latents."""
    # Angles come last, as two columns each: first all sines, then all cosines.
    targets = _targets(train, train)
    random = np.random.RandomState(seed)
    weights = _network.fit(
        train.codes,
        sets,
        targets.astype(np.float32),
        random,
    )
    raw = _network.predict(weights, test.codes, sets)
    predicted = raw.astype(np.float64)
    truth = _targets(test, train)
    squared = citris._squared(predicted, truth)
    # Ranks of numbers, where that function is declared for classes.
    ranks = citris._rank_correlations(predicted, truth)  # type: ignore[arg-type]
    angles = test.variables[:, test.angles]
    numbers = len(test.angles) - angles.shape[1]
    sine, cosine = np.split(
        predicted[..., numbers:],
        2,
        axis=2,
    )
    of_sine, of_cosine = np.split(
        ranks[:, numbers:],
        2,
        axis=1,
    )
    r2 = np.empty((len(sets), len(test.angles)))
    r2[:, ~test.angles] = squared[:, :numbers]
    r2[:, test.angles] = _angular(np.arctan2(sine, cosine), angles)
    spearman = np.empty_like(r2)
    spearman[:, ~test.angles] = ranks[:, :numbers]
    spearman[:, test.angles] = (of_sine + of_cosine) / 2
    return r2, spearman


def _targets(frames: Frames, train: Frames) -> Matrix:
    """What is predicted [n, p], in [-1, 1]: numbers, then sines of angles, then their cosines.

    Numbers are scaled by their range in the training points.
    """
    is_number = ~frames.angles
    angles = frames.variables[:, frames.angles]
    known = train.variables[:, is_number]
    low, high = known.min(axis=0), known.max(axis=0)
    values = frames.variables[:, is_number]
    share = (values - low) / (high - low)
    columns = (2 * share - 1, np.sin(angles), np.cos(angles))
    return np.concatenate(columns, axis=1)


def _angular(predicted: Matrix, angles: Matrix) -> Matrix:
    """R2 [s, a] of the angular distance of predicted angles [n, s, a] to the true ones [n, a]."""
    errors = _turned(predicted - angles[:, None])
    centre = np.arctan2(
        np.sin(angles).mean(axis=0),
        np.cos(angles).mean(axis=0),
    )
    deviations = _turned(angles - centre)
    unexplained = (errors**2).mean(axis=0)
    return 1 - unexplained / (deviations**2).mean(axis=0)


def _turned(angles: Matrix) -> Matrix:
    """The same angles in [-pi, pi]."""
    return np.arctan2(
        np.sin(angles),
        np.cos(angles),
    )


def _split(
    outputs: RunOutputs,
    convention: str,
) -> tuple[Frames, Frames]:
    """Training and test frames with codes that are centred and scaled by all held-out frames."""
    random = np.random.RandomState(outputs.seed)
    rows = np.flatnonzero(outputs.data["held_out"] == 1)
    rows = random.permutation(rows)
    n_train, n_test = outputs.sizes
    if n_train + n_test > len(rows):
        n_train = len(rows) // 2
    used = rows[: n_train + n_test]
    codes = outputs.inferred["mean"][used]
    if convention == SAMPLED:
        log_variances = outputs.inferred["log_variance"][used]
        noise = random.standard_normal(codes.shape)
        codes = codes + np.exp(log_variances / 2) * noise
    spread = np.maximum(
        codes.std(axis=0),
        citris.LEAST,
    )
    codes = (codes - codes.mean(axis=0)) / spread
    codes = codes.astype(np.float32)
    variables = outputs.data["latents"][used]
    variables = variables.astype(np.float64)
    angles = outputs.data["angles"][0] == 1
    parts = []
    for part in (slice(n_train), slice(n_train, None)):
        parts.append(Frames(codes[part], variables[part], angles))
    train, test = parts
    return train, test
