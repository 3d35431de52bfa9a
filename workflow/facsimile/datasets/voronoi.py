"""Voronoi benchmark with temporal edges alone: variables, mixed, are the hues of as many cells."""

from functools import cache
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base import voronoi_cells as _cells
from facsimile.datasets.base.random_mixing import Mixing
from facsimile.datasets.base.sequences import Matrix, Pictures, Sequences, States

LABELS = {
    "voronoi_6": "Voronoi 6",
    "voronoi_6_1k": "Voronoi 6, 1,000 frames",
    "voronoi_4_10k": "Voronoi 4, 10,000 frames",
}
MEMBERS = {
    "voronoi_6": {"size": 6, "lengths": (150_000,), "independent": 37_500},
    "voronoi_6_1k": {"size": 6, "lengths": (1_000,), "independent": 250},
    "voronoi_4_10k": {"size": 4, "lengths": (10_000,), "independent": 2_500},
}
EDGE = 0.25  # probability of an edge; each variable has at least one cause
INTERVENED = 0.15  # probability of an intervention on each variable, in each step
WIDTH = 32  # of the networks
SLOPE = 0.1  # of their leaky ReLU
NOISE, INTERVENTION = 0.3, 0.75  # standard deviations
LIMIT = 7 / 8 * np.pi  # of the variables
STATES, ROUNDS = 10_000, 4  # simulated to normalise the networks
Floats = npt.NDArray[np.float64]
Random = np.random.Generator


class Layer(NamedTuple):
    """A dense layer [inputs, outputs] of each variable, whose outputs are centred and scaled."""

    weights: Floats
    bias: Floats
    centre: Floats
    scale: Floats


class World(NamedTuple):
    """What is drawn once: graph, networks, mixing and cells."""

    graph: Matrix
    layers: list[Layer]
    mixing: Mixing
    masks: Floats


class Voronoi(Sequences):
    """Frames of 32 × 32 pixels; the hue of each cell is one of ``size`` mixed variables.

    Each variable is normal about a random network of its causes one frame earlier, with standard
    deviation 0.3; an intervention draws it from N(0, 0.75²) instead. It is halved and squashed to
    ±7/8 π. An invertible map of all of them (``base/random_mixing.py``) gives the hues. In a step,
    each variable is intervened on with probability 0.15.

    Cells have one colour, so a picture is the product of their masks and their colours. Graph and
    networks are drawn by the rules of the authors' script from a generator of ours: they are none
    of the graphs that were published.
    """

    size: ClassVar[int]
    picture = (_cells.SIDE, _cells.SIDE, 3)
    licence = "none needed: generated; drawn by us"
    source = (
        "our own code, after the rules of phlippe/CITRIS at 95f6c90, "
        "data_generation/data_generation_voronoi.py, without edges in the same frame"
    )
    seed: ClassVar[int] = 42

    def __init_subclass__(cls) -> None:
        if "size" in vars(cls):
            cls.variables = tuple(f"c{i}" for i in range(cls.size))
        super().__init_subclass__()

    @classmethod
    def simulate(
        cls,
        length: int,
        random: Random,
    ) -> tuple[States, Matrix]:
        world = drawn_world(cls.seed, cls.size)
        shape = (length, cls.size)
        targets = (random.uniform(size=shape) < INTERVENED).astype(np.int64)
        noise = random.normal(size=shape)
        states = np.empty(shape)
        state = cls.sample(1, random)
        for t in range(length):
            mean = network(world, state)
            natural = mean + NOISE * noise[t]
            intervened = INTERVENTION * noise[t]
            state = squashed(np.where(targets[t] == 1, intervened, natural) / 2)
            states[t] = state[0]
        return states, targets

    @classmethod
    def sample(cls, count: int, random: Random) -> States:
        return squashed(random.normal(size=(count, cls.size)) / 2)

    @classmethod
    def draw(cls, states: States) -> Pictures:
        world = drawn_world(cls.seed, cls.size)
        mixed = world.mixing.forward(unsquashed(states))
        hues = squashed(mixed / 2) / (2 * np.pi) % 1
        return _cells.pictures(world.masks, hues)

    @classmethod
    def temporal_edges(cls) -> Matrix:
        return drawn_world(cls.seed, cls.size).graph


@cache
def drawn_world(seed: int, size: int = 6) -> World:
    """Graph, networks, mixing and cells of a seed and a number of variables."""
    random = np.random.Generator(np.random.Philox(key=seed))
    graph = (random.uniform(size=(size, size)) < EDGE).astype(np.int64)
    for effect in range(size):
        while not graph[:, effect].any():
            graph[:, effect] = random.uniform(size=size) < EDGE
    layers = _layers(graph, random)
    # The mixing is normalised on states as the networks make them.
    world = World(
        graph,
        layers,
        Mixing.identity(size),
        np.empty(0),
    )
    state = _start(size, random)
    for _ in range(ROUNDS):
        natural = network(world, state) + NOISE * random.normal(size=state.shape)
        state = squashed(natural / 2)
    mixing = Mixing.drawn(unsquashed(state), random)
    return World(
        graph,
        layers,
        mixing,
        _cells.masks(size, random),
    )


def network(world: World, states: States) -> Floats:
    """Means [n, k] of the variables one frame after states [n, k], before they are halved."""
    # Of each variable, the inputs that are not its causes are 0.
    values = states[:, None, :] * world.graph.T
    for position, layer in enumerate(world.layers):
        values = _normalised(layer, _dense(layer, values))
        if position < len(world.layers) - 1:
            values = _leaky(values)
    return values[..., 0]


def squashed(values: Floats) -> Floats:
    """Numbers within ±7/8 π, by tanh."""
    return LIMIT * np.tanh(values)


def unsquashed(values: Floats) -> Floats:
    """The inverse of ``squashed``, within the limits that the authors' script sets."""
    share = np.clip(values / LIMIT, -0.99, 0.99)
    return np.arctanh(share)


def _layers(
    graph: Matrix,
    random: Random,
) -> list[Layer]:
    """Random layers, each normalised by the statistics of simulated states as it is added."""
    variables = len(graph)
    values = _start(variables, random)[:, None, :] * graph.T
    layers = []
    for position, outputs in enumerate((WIDTH, WIDTH, 1)):
        inputs = values.shape[2]
        # Kaiming's bound for this leaky ReLU.
        bound = np.sqrt(6 / ((1 + SLOPE**2) * inputs))
        weights = random.uniform(
            -bound,
            bound,
            size=(variables, inputs, outputs),
        )
        bias = random.uniform(
            -0.2,
            0.2,
            size=(variables, outputs),
        )
        raw = _dense(
            Layer(weights, bias, bias, bias),
            values,
        )
        layer = Layer(
            weights,
            bias,
            raw.mean(axis=0),
            raw.std(axis=0),
        )
        layers.append(layer)
        values = _normalised(layer, raw)
        if position < 2:
            values = _leaky(values)
    return layers


def _start(size: int, random: Random) -> States:
    """States from which networks are normalised."""
    return squashed(INTERVENTION * random.normal(size=(STATES, size)))


def _dense(layer: Layer, values: Floats) -> Floats:
    """Outputs [n, k, outputs] of each variable's layer for its inputs [n, k, inputs]."""
    return np.einsum("nki,kio->nko", values, layer.weights) + layer.bias


def _normalised(layer: Layer, raw: Floats) -> Floats:
    return (raw - layer.centre) / layer.scale


def _leaky(values: Floats) -> Floats:
    return np.where(values > 0, values, SLOPE * values)
