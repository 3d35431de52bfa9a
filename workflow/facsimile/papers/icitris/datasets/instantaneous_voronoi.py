"""Voronoi benchmark with edges in the same frame, for several sizes and kinds of graphs."""

from functools import cache
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.datasets import voronoi
from facsimile.datasets.base import voronoi_cells
from facsimile.datasets.base.random_mixing import Mixing
from facsimile.datasets.base.sequences import Matrix, Pictures, Sequences, States
from facsimile.datasets.voronoi import INTERVENED, INTERVENTION, NOISE, SLOPE, WIDTH

LABELS = {
    "voronoi_random_4": "Voronoi 4, random graph",
    "voronoi_random_6": "Voronoi 6, random graph",
    "voronoi_random_9": "Voronoi 9, random graph",
    "voronoi_chain_4": "Voronoi 4, chain",
    "voronoi_chain_6": "Voronoi 6, chain",
    "voronoi_chain_9": "Voronoi 9, chain",
    "voronoi_full_4": "Voronoi 4, full graph",
    "voronoi_full_6": "Voronoi 6, full graph",
    "voronoi_full_9": "Voronoi 9, full graph",
    "voronoi_chain_4_10k": "Voronoi 4, chain, 10,000 frames",
    "voronoi_chain_4_1k": "Voronoi 4, chain, 1,000 frames",
}
MEMBERS = {
    "voronoi_random_4": {"size": 4, "edges": "random", "lengths": (150_000,)},
    "voronoi_random_6": {"size": 6, "edges": "random", "lengths": (150_000,)},
    "voronoi_random_9": {"size": 9, "edges": "random", "lengths": (150_000,)},
    "voronoi_chain_4": {"size": 4, "edges": "chain", "lengths": (150_000,)},
    "voronoi_chain_6": {"size": 6, "edges": "chain", "lengths": (150_000,)},
    "voronoi_chain_9": {"size": 9, "edges": "chain", "lengths": (150_000,)},
    "voronoi_full_4": {"size": 4, "edges": "full", "lengths": (150_000,)},
    "voronoi_full_6": {"size": 6, "edges": "full", "lengths": (150_000,)},
    "voronoi_full_9": {"size": 9, "edges": "full", "lengths": (150_000,)},
    "voronoi_chain_4_10k": {"size": 4, "edges": "chain", "lengths": (10_000,)},
    "voronoi_chain_4_1k": {"size": 4, "edges": "chain", "lengths": (1_000,)},
}
EDGE = 0.5  # probability of each possible edge in the same frame of a random graph
Floats = npt.NDArray[np.float64]
Random = np.random.Generator


class Layer(NamedTuple):
    """A dense layer [inputs, outputs] whose outputs are centred and scaled."""

    weights: Floats
    bias: Floats
    centre: Floats
    scale: Floats


class World(NamedTuple):
    """What is drawn once; ``order`` lists causes before their effects."""

    order: list[int]
    temporal: Matrix
    instantaneous: Matrix
    networks: dict[int, list[Layer]]
    mixing: Mixing
    masks: Floats


class InstantaneousVoronoi(Sequences):
    """Frames of 32 × 32 pixels; the hue of each cell is one of 4, 6 or 9 mixed variables.

    As ``Voronoi`` (``datasets/voronoi.py``), but the random network of a variable sees its causes
    in the same frame, too. ``edges`` says which there are, in a random order of the variables:
    ``random`` has each edge from an earlier to a later variable with probability 0.5, ``full`` has
    all of them, and ``chain`` those from each variable to the next. Interventions remove all of
    them.
    """

    size: ClassVar[int]
    edges: ClassVar[str]
    picture = (voronoi_cells.SIDE, voronoi_cells.SIDE, 3)
    licence = "none needed: generated; drawn by us"
    source = (
        "our own code, after the rules of phlippe/CITRIS at 95f6c90, "
        "data_generation/data_generation_voronoi.py"
    )
    seed: ClassVar[int] = 42

    def __init_subclass__(cls) -> None:
        if "size" in vars(cls):
            cls.variables = tuple(f"c{i}" for i in range(cls.size))
            # The released script makes a quarter as many independent frames.
            cls.independent = sum(cls.lengths) // 4
        super().__init_subclass__()

    @classmethod
    def world(cls) -> World:
        """Graphs, networks, mixing and cells."""
        return drawn_world(cls.size, cls.edges, cls.seed)

    @classmethod
    def simulate(
        cls,
        length: int,
        random: Random,
    ) -> tuple[States, Matrix]:
        world = cls.world()
        shape = (length, cls.size)
        targets = (random.uniform(size=shape) < INTERVENED).astype(np.int64)
        noise = random.normal(size=shape)
        states = np.empty(shape)
        state = cls.sample(1, random)
        for t in range(length):
            now = slice(t, t + 1)
            state = next_states(
                world,
                state,
                targets[now],
                noise[now],
            )
            states[t] = state[0]
        return states, targets

    @classmethod
    def sample(cls, count: int, random: Random) -> States:
        return voronoi.squashed(random.normal(size=(count, cls.size)) / 2)

    @classmethod
    def draw(cls, states: States) -> Pictures:
        world = cls.world()
        mixed = world.mixing.forward(voronoi.unsquashed(states))
        hues = voronoi.squashed(mixed / 2) / (2 * np.pi) % 1
        return voronoi_cells.pictures(world.masks, hues)

    @classmethod
    def temporal_edges(cls) -> Matrix:
        return cls.world().temporal

    @classmethod
    def instantaneous_edges(cls) -> Matrix:
        return cls.world().instantaneous


@cache
def drawn_world(
    size: int,
    edges: str,
    seed: int,
) -> World:
    """Graphs, networks, mixing and cells of a seed."""
    random = np.random.Generator(np.random.Philox(key=seed))
    order = random.permutation(size)
    instantaneous = np.zeros((size, size), np.int64)
    instantaneous[np.ix_(order, order)] = _ordered_edges(size, edges, random)
    world = World(
        order.tolist(),
        _temporal_edges(size, random),
        instantaneous,
        {},
        Mixing.drawn(random.normal(size=(2, size)), random),
        voronoi_cells.masks(size, random),
    )
    shape = (voronoi.STATES, size)
    state = voronoi.squashed(INTERVENTION * random.normal(size=shape))
    none = np.zeros(shape, np.int64)
    _draw_networks(world, state, random)
    # The mixing is normalised on states as the networks make them.
    for _ in range(voronoi.ROUNDS):
        state = next_states(world, state, none, random.normal(size=shape))
    mixing = Mixing.drawn(voronoi.unsquashed(state), random)
    return world._replace(mixing=mixing)


def next_states(
    world: World,
    states: States,
    targets: Matrix,
    noise: Floats,
) -> States:
    """States [n, k] one frame after ``states``.

    ``targets`` [n, k] are 1 for each intervention; ``noise`` [n, k] is standard normal.
    """
    values = np.zeros_like(states)
    for effect in world.order:
        seen = inputs(
            world,
            effect,
            states,
            values,
        )
        natural = network(world.networks[effect], seen) + NOISE * noise[:, effect]
        values[:, effect] = np.where(
            targets[:, effect] == 1,
            INTERVENTION * noise[:, effect],
            natural,
        )
    return voronoi.squashed(values / 2)


def inputs(
    world: World,
    effect: int,
    states: States,
    values: Floats,
) -> Floats:
    """What a variable's network sees [n, 2 k]; all but its causes are 0.

    The first half are the ``states`` [n, k] of the frame before, the second half the ``values``
    [n, k] of the same frame, before they are halved and squashed.
    """
    before = states * world.temporal[:, effect]
    same = values * world.instantaneous[:, effect]
    return np.concatenate([before, same], axis=1)


def network(
    layers: list[Layer],
    seen: Floats,
) -> Floats:
    """Means [n] of a variable, of what its network sees [n, 2 k]."""
    return _outputs(layers, seen)[:, 0]


def _ordered_edges(
    size: int,
    edges: str,
    random: Random,
) -> Matrix:
    """Edges [k, k] between variables that are numbered in their order."""
    if edges == "chain":
        return np.eye(size, k=1, dtype=np.int64)
    probability = {"random": EDGE, "full": 1.0}[edges]
    drawn = random.uniform(size=(size, size)) < probability
    return np.triu(drawn, 1).astype(np.int64)


def _temporal_edges(size: int, random: Random) -> Matrix:
    """Random edges [k, k] to the next frame; each variable has at least one cause."""
    graph = random.uniform(size=(size, size)) < voronoi.EDGE
    for effect in range(size):
        while not graph[:, effect].any():
            graph[:, effect] = random.uniform(size=size) < voronoi.EDGE
    return graph.astype(np.int64)


def _draw_networks(
    world: World,
    states: States,
    random: Random,
) -> None:
    """Draw the networks one after the other, each normalised on what it sees of these states."""
    values = np.zeros_like(states)
    for effect in world.order:
        seen = inputs(
            world,
            effect,
            states,
            values,
        )
        layers = [_layer(seen, WIDTH, random)]
        for outputs in (WIDTH, 1):
            hidden = _leaky(_outputs(layers, seen))
            layers.append(_layer(hidden, outputs, random))
        world.networks[effect] = layers
        mean = network(layers, seen)
        values[:, effect] = mean + NOISE * random.normal(size=len(states))


def _layer(
    seen: Floats,
    outputs: int,
    random: Random,
) -> Layer:
    """A random layer, normalised by its outputs for inputs [n, m]."""
    count = seen.shape[1]
    # Kaiming's bound for this leaky ReLU.
    bound = np.sqrt(6 / ((1 + SLOPE**2) * count))
    weights = random.uniform(-bound, bound, size=(count, outputs))
    bias = random.uniform(-0.2, 0.2, size=outputs)
    raw = seen @ weights + bias
    return Layer(
        weights,
        bias,
        raw.mean(axis=0),
        raw.std(axis=0),
    )


def _outputs(
    layers: list[Layer],
    seen: Floats,
) -> Floats:
    """Outputs [n, outputs] of the last of some layers for inputs [n, m] of the first."""
    for position, layer in enumerate(layers):
        if position:
            seen = _leaky(seen)
        raw = seen @ layer.weights + layer.bias
        seen = (raw - layer.centre) / layer.scale
    return seen


def _leaky(values: Floats) -> Floats:
    return np.where(values > 0, values, SLOPE * values)
