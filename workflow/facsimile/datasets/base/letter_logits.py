"""Sequences of letters as real vectors, for optimisers that follow a gradient.

Offline optimisation of discrete designs is done on logits (design-bench 2.0, ``to_logits``): the
one-hot vector of a letter is mixed with the uniform distribution, 0.6 to 0.4, its logarithm is
taken, and the logit of the first letter is subtracted and then left out. So a sequence of L letters
of k kinds has L (k - 1) coordinates. They are standardised with mean and standard deviation of a
reference set of sequences.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
HARDNESS = 0.6  # share of the one-hot vector
ROUNDING = 1e-9


@dataclass(frozen=True)
class LetterLogits:
    """The standardised logits of sequences, and back.

    Attributes:
        letters: kinds of letters, k.
        mean: mean of each logit over the reference set, float64 [L (k - 1)].
        deviation: its standard deviation (population), 1 if it is constant.
    """

    letters: int
    mean: Floats
    deviation: Floats

    @classmethod
    def of(
        cls,
        sequences: Integers,
        letters: int,
    ) -> "LetterLogits":
        """Standardise with a reference set of sequences [n, L], integers from 0 to letters - 1."""
        values = logits(sequences, letters)
        deviation = values.std(0)
        # Rounding leaves a constant coordinate a deviation of about 1e-16.
        deviation[deviation < ROUNDING] = 1.0
        return cls(letters, values.mean(0), deviation)

    def encode(self, sequences: Integers) -> Floats:
        """Return coordinates [n, L (k - 1)] of sequences [n, L]."""
        values: Floats = (logits(sequences, self.letters) - self.mean) / self.deviation
        return values

    def decode(self, coordinates: npt.NDArray[np.floating]) -> Integers:
        """Return the sequences [n, L] of coordinates: at each place the letter of largest logit.

        Of equal logits the first letter's is taken.
        """
        values = coordinates.astype(np.float64) * self.deviation + self.mean
        others = values.reshape(len(values), -1, self.letters - 1)
        first = np.zeros((*others.shape[:2], 1))
        return np.concatenate((first, others), axis=2).argmax(2)


def logits(
    sequences: Integers,
    letters: int,
) -> Floats:
    """Return the logits [n, L (k - 1)] of sequences [n, L], relative to that of the first letter.

    Raises ValueError if a letter is not one of 0 to letters - 1.
    """
    if sequences.size and not (sequences.min() >= 0 and sequences.max() < letters):
        wrong = sequences[(sequences < 0) | (sequences >= letters)][0]
        raise ValueError(f"the letter {wrong} is not one of 0 to {letters - 1}")
    one_hot = np.eye(letters)[sequences]
    soft = np.log(HARDNESS * one_hot + (1 - HARDNESS) / letters)
    relative: Floats = soft[..., 1:] - soft[..., :1]
    return relative.reshape(len(sequences), -1)
