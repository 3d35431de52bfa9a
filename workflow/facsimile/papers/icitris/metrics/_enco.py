"""ENCO on trained latents: edges from the frame before and within a frame, as iCITRIS evaluates.

After models/shared/enco.py of phlippe/CITRIS at 95f6c90 (Lippe, Cohen and Gavves 2022).
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.papers.icitris.metrics._networks import Adam, Networks, negative_log_likelihoods

HIDDEN = 64
FIRST_EPOCHS, EPOCHS = 10, 40  # of the networks alone, and of networks and graph
BATCH, GRAPH_BATCH, GRAPHS = 512, 128, 50
# Steps of an epoch with the released data; with fewer pairs there are fewer of both.
STEPS, GRAPH_STEPS = 293, 100
SPARSITY = 0.02  # cost of an edge
GAMMA_RATE, THETA_RATE = 5e-3, 1e-2
NEVER = -1e9
SATURATED = 1e-3
Array = npt.NDArray[np.floating[Any]]
Matrix = npt.NDArray[np.int64]


class Pairs(NamedTuple):
    """Latents of two neighbouring frames [n, d], and targets [n, k] of the step between them."""

    before: Array
    after: Array
    targets: Array


class Graphs(NamedTuple):
    """Learned edges [k, k] to the next frame and in the same frame."""

    temporal: Matrix
    instantaneous: Matrix


@dataclass
class Search:
    """The state of a search.

    ``owner`` [d] is the variable of each latent, ``gamma`` [2 k, k] decides whether there are
    edges, first from the frame before, then in the same frame; ``theta`` [k, k] decides the
    direction of the latter.
    """

    owner: Matrix
    gamma: Array
    theta: Array
    networks: Networks
    random: np.random.RandomState
    gamma_adam: Adam = field(default_factory=lambda: Adam((0.9, 0.9)))
    theta_adam: Adam = field(default_factory=lambda: Adam((0.9, 0.999)))

    @property
    def variables(self) -> int:
        return len(self.theta)

    def probabilities(self) -> Array:
        """Of each edge, [2 k, k]."""
        chances = _sigmoid(self.gamma)
        chances[self.variables :] *= _sigmoid(self.theta)
        return chances

    def sampled(self, count: int) -> Array:
        """Graphs [count, 2 k, k] of 0 and 1."""
        chances = self.probabilities()
        shape = (count, *chances.shape)
        return (self.random.uniform(size=shape) < chances).astype(np.float32)

    def inputs(self, pairs: Pairs, graphs: Array) -> Array:
        """What the networks see, [k, n, 4 d]: causes of both frames, and which they are."""
        k = self.variables
        # [n, d, k], whether a latent belongs to a cause of each variable.
        of_before = graphs[:, :k][:, self.owner]
        of_after = graphs[:, k:][:, self.owner]
        parts = [
            pairs.before[..., None] * of_before,
            pairs.after[..., None] * of_after,
            2 * of_before - 1,
            2 * of_after - 1,
        ]
        together = np.concatenate(parts, axis=1)
        return np.ascontiguousarray(np.moveaxis(together, 2, 0))

    def costs(self, pairs: Pairs, graphs: Array) -> Array:
        """Negative log likelihood [n, k] of each variable's latents, in nats."""
        seen = self.inputs(pairs, graphs)
        outputs = self.networks.outputs(seen)
        losses = negative_log_likelihoods(outputs, pairs.after)
        own = self.owner == np.arange(self.variables)[:, None]
        costs: Array = (losses * own[:, None]).sum(axis=2).T
        return costs

    def fit_networks(self, pairs: Pairs) -> None:
        """An epoch of the networks; a variable that was intervened on does not count."""
        own = self.owner == np.arange(self.variables)[:, None]
        for rows in _batches(pairs, BATCH, self.random):
            batch = Pairs(*(values[rows] for values in pairs))
            graphs = self.sampled(len(rows))
            seen = self.inputs(batch, graphs)
            counts = (1 - batch.targets.T)[..., None] * own[:, None]
            weights = counts / batch.targets.size
            self.networks.train(
                seen,
                batch.after,
                weights.astype(np.float32),
            )

    def fit_graph(self, pairs: Pairs) -> None:
        """An epoch of the graph."""
        share = len(pairs.before) / BATCH / STEPS
        wanted = max(1, round(GRAPH_STEPS * share))
        batches = _batches(pairs, GRAPH_BATCH, self.random)
        for rows in batches[: min(GRAPH_STEPS, wanted)]:
            batch = Pairs(*(values[rows] for values in pairs))
            graphs = self.sampled(GRAPHS)
            # Each pair with each graph.
            pair = np.repeat(np.arange(len(rows)), GRAPHS)
            repeated = Pairs(*(values[pair] for values in batch))
            every = np.concatenate([graphs] * len(rows))
            costs = self.costs(repeated, every)
            self.step(
                costs.reshape(len(rows), GRAPHS, -1),
                graphs,
                batch.targets,
            )

    def step(
        self,
        costs: Array,
        graphs: Array,
        targets: Array,
    ) -> None:
        """One step of gamma and theta from costs [b, g, k] of graphs [g, 2 k, k].

        ``targets`` [b, k] are 1 for interventions.
        """
        k = self.variables
        present = graphs.sum(axis=0)
        absent = len(graphs) - present
        both = (present > 0) & (absent > 0)
        with_edge = np.einsum("bgj,gij->bij", costs, graphs)
        without = np.einsum("bgj,gij->bij", costs, 1 - graphs)
        with_edge = with_edge / np.maximum(present, 1)
        without = without / np.maximum(absent, 1)
        difference = both * (with_edge - without)
        exists = _sigmoid(self.gamma)
        directed = _sigmoid(self.theta)
        gamma = exists * (1 - exists) * (difference + SPARSITY * both)
        gamma[:, k:] *= directed * (1 - np.eye(k))
        gamma *= 1 - targets[:, None]
        theta = directed * (1 - directed) * exists[k:] * difference[:, k:]
        theta = theta * targets[:, :, None] * (1 - targets[:, None])
        theta = theta - theta.transpose(0, 2, 1)
        self.gamma = self.gamma - GAMMA_RATE * self.gamma_adam.update(gamma.mean(axis=0))
        self.theta = self.theta - THETA_RATE * self.theta_adam.update(theta.mean(axis=0))

    def is_decided(self) -> bool:
        """Whether gamma can hardly change any more."""
        chances = _sigmoid(self.gamma)
        return float((chances * (1 - chances)).max()) < SATURATED

    def graphs(self) -> Graphs:
        """Edges whose parameters are above 0."""
        k = self.variables
        exists = self.gamma > 0
        directed = exists[k:] & (self.theta > 0)
        return Graphs(
            exists[:k].astype(np.int64),
            directed.astype(np.int64),
        )


def search(
    pairs: Pairs,
    owner: Matrix,
    known: Matrix | None,
    random: np.random.RandomState,
) -> Graphs:
    """Graphs of variables whose latents, centred and scaled, are ``pairs``.

    ``owner`` [d] is the variable of each latent. ``known`` [k, k] are edges in the same frame that
    the model has learned: there are no others, and their directions are kept. None if it has
    learned none.
    """
    k = pairs.targets.shape[1]
    d = len(owner)
    gamma = np.zeros((2 * k, k))
    theta = np.zeros((k, k))
    if known is not None:
        gamma[k:][known == 0] = NEVER
        theta = np.where(known == 1, -NEVER, NEVER)
    np.fill_diagonal(gamma[k:], NEVER)
    networks = Networks.drawn(
        k,
        (4 * d, HIDDEN, HIDDEN, 2 * d),
        random,
    )
    state = Search(owner, gamma, theta, networks, random)
    for _ in range(FIRST_EPOCHS):
        state.fit_networks(pairs)
    for _ in range(EPOCHS):
        if state.is_decided():
            break
        state.fit_networks(pairs)
        state.fit_graph(pairs)
    return state.graphs()


def _batches(
    pairs: Pairs,
    size: int,
    random: np.random.RandomState,
) -> list[npt.NDArray[np.int64]]:
    """Rows of batches in random order."""
    order = random.permutation(len(pairs.before))
    starts = range(0, len(order), size)
    return [order[start : start + size] for start in starts]


def _sigmoid(values: Array) -> Array:
    # exp of large numbers is infinite, and the result 0, as it should be.
    with np.errstate(over="ignore"):
        chances: Array = 1 / (1 + np.exp(-values))
    return chances
