"""A random invertible map: autoregressive shifts, rotations, and a scaling of each variable."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
WIDTH = 16  # hidden units per variable of the networks of the shifts
LAYERS = 2
SIZE = 0.2  # of the starting weights of the last layer


@dataclass(frozen=True)
class Affine:
    """Each variable centred and scaled: (x - centre) / scale."""

    centre: Floats
    scale: Floats

    def forward(self, values: Floats) -> Floats:
        return (values - self.centre) / self.scale

    def inverse(self, values: Floats) -> Floats:
        return values * self.scale + self.centre


@dataclass(frozen=True)
class Rotation:
    """All variables multiplied by an orthogonal matrix."""

    matrix: Floats

    def forward(self, values: Floats) -> Floats:
        return values @ self.matrix

    def inverse(self, values: Floats) -> Floats:
        return values @ self.matrix.T


@dataclass(frozen=True)
class Shift:
    """Each variable plus a network of the variables before it, with SiLU between its layers."""

    weights: tuple[Floats, ...]

    def forward(self, values: Floats) -> Floats:
        return values + self._shift(values)

    def inverse(self, values: Floats) -> Floats:
        """One variable after the other, as the shift of each needs those before it."""
        result = np.zeros_like(values)
        for place in range(values.shape[1]):
            result[:, place] = values[:, place] - self._shift(result)[:, place]
        return result

    def _shift(self, values: Floats) -> Floats:
        *hidden, last = self.weights
        for weights in hidden:
            sums = values @ weights
            values = sums / (1 + np.exp(-sums))
        return values @ last


@dataclass(frozen=True)
class Mixing:
    """The whole map; ``parts`` in the order in which they are applied."""

    parts: tuple[Affine | Rotation | Shift, ...]

    @classmethod
    def identity(cls, size: int) -> "Mixing":
        return cls((Affine(np.zeros(size), np.ones(size)),))

    @classmethod
    def drawn(
        cls,
        values: Floats,
        random: np.random.Generator,
    ) -> "Mixing":
        """A random map of values [n, k] that keeps their means 0 and standard deviations 1."""
        size = values.shape[1]
        parts: list[Affine | Rotation | Shift] = []
        for layer in range(LAYERS + 1):
            parts.append(Affine(values.mean(axis=0), values.std(axis=0)))
            values = parts[-1].forward(values)
            if layer == LAYERS:
                break
            if layer:
                orthogonal, _ = np.linalg.qr(random.normal(size=(size, size)))
                parts.append(Rotation(orthogonal))
                values = parts[-1].forward(values)
            parts.append(_shift(size, random))
            values = parts[-1].forward(values)
        return cls(tuple(parts))

    def forward(self, values: Floats) -> Floats:
        """Mixed values [n, k] of values [n, k]."""
        for part in self.parts:
            values = part.forward(values)
        return values

    def inverse(self, values: Floats) -> Floats:
        """The values [n, k] that are mixed to these [n, k]."""
        for part in reversed(self.parts):
            values = part.inverse(values)
        return values


def _shift(
    size: int,
    random: np.random.Generator,
) -> Shift:
    """Random networks; hidden units of a variable see it and those before it."""
    owners = (np.arange(size), np.repeat(np.arange(size), WIDTH))
    inputs = _masked(
        owners[0],
        owners[1],
        True,
        random,
    )
    hidden = _masked(
        owners[1],
        owners[1],
        False,
        random,
    )
    outputs = SIZE * _masked(owners[1], owners[0], False, random)
    return Shift((inputs, hidden, outputs))


def _masked(
    before: npt.NDArray[np.int64],
    after: npt.NDArray[np.int64],
    strictly: bool,
    random: np.random.Generator,
) -> Floats:
    """Weights [inputs, outputs] between units that belong to variables ``before`` and ``after``.

    ``strictly``: units see earlier variables only, not their own.
    """
    difference = after - before[:, None]
    mask = difference > 0 if strictly else difference >= 0
    # Kaiming's bound, by the number of inputs that each output has.
    count = np.maximum(
        mask.sum(axis=0),
        1,
    )
    bound = np.sqrt(6 / count)
    return mask * random.uniform(-bound, bound, size=mask.shape)
