"""Several small recurrent networks that judge generated series, trained at the same time.

They are those of TimeGAN (Yoon, Jarrett and van der Schaar 2019), as released with KoVAE: one layer
of a GRU with half as many units as there are features, a dense output, and Adam with rate 0.001.
All judges are blocks of one ``torch.nn.GRU`` whose other weights stay 0, so that each is trained as
if it were alone.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.models.base.adamw import AdamW, AdamWSettings

JUDGES = 3
BATCH = 128
RATE = 1e-3  # of Adam
SHARE = 0.8  # of the series that a discriminator is trained on
ENOUGH = 1_000  # series; with fewer, judges are trained for proportionally fewer steps
Floats = npt.NDArray[np.float32]
Batches = Callable[[], tuple[Tensor, Tensor]]


class Judges(nn.Module):
    """GRUs with an output at each step.

    Args:
        inputs: features that a judge reads.
        hidden: units of a judge.
        random: generator of the starting values of each judge.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        random: Sequence[np.random.Generator],
    ) -> None:
        super().__init__()
        count = len(random)
        self.gru = nn.GRU(count * inputs, count * hidden, batch_first=True)
        self.output = nn.Linear(count * hidden, count)
        # Rows of a GRU's weights are those of its three gates, one after the other.
        of_units = torch.arange(count).repeat_interleave(hidden)
        of_inputs = torch.arange(count).repeat_interleave(inputs)
        every = torch.arange(count)
        places = {
            "gru.weight_ih_l0": (of_units.repeat(3), of_inputs),
            "gru.weight_hh_l0": (of_units.repeat(3), of_units),
            "output.weight": (every, of_units),
        }
        limit = hidden**-0.5
        for name, parameter in self.named_parameters():
            rows, columns = places.get(name, (None, None))
            if rows is None or columns is None:
                rows = of_units.repeat(3) if name.startswith("gru") else every
                is_own = torch.ones(parameter.shape)
            else:
                is_own = (rows[:, None] == columns).float()
                parameter.register_hook(lambda gradient, mask=is_own: gradient * mask)
            values = torch.zeros(parameter.shape)
            for judge, generator in enumerate(random):
                mine = is_own * (rows == judge).float().view(-1, *[1] * (parameter.dim() - 1))
                drawn = generator.uniform(-limit, limit, int(mine.sum()))
                values[mine.bool()] = torch.from_numpy(drawn).float()
            parameter.data.copy_(values)

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs [b, T, judges] of each judge's series [b, T, judges, inputs]."""
        states, _ = self.gru(x.flatten(2))
        outputs: Tensor = self.output(states)
        return outputs


def generators(
    seed: int,
    purpose: int,
) -> list[np.random.Generator]:
    """Return a generator of random numbers for each judge."""
    keys = np.random.SeedSequence([seed, purpose]).spawn(JUDGES)
    return [np.random.Generator(np.random.Philox(key)) for key in keys]


def series(outputs: RunOutputs) -> tuple[Floats, Floats]:
    """Return equally many real and generated series, each [n, T, d].

    Their number is that of the points which the study requests, if there are more.

    Raises:
        ValueError: the generated series have another shape than the real ones, or there are fewer
            than 5 of each.
    """
    real = np.asarray(outputs.data["x"], np.float32)
    generated = np.asarray(outputs.inferred["generated"], np.float32)
    if generated.shape[1:] != real.shape[1:]:
        raise ValueError(
            f"generated series are {list(generated.shape[1:])}, those of the data set "
            f"{list(real.shape[1:])}; generate series of the same length and features"
        )
    number = min(len(real), len(generated), outputs.sizes[0])
    if number < 5:
        raise ValueError(f"{number} series cannot be divided into five parts; request 5 or more")
    random = np.random.Generator(np.random.Philox(key=outputs.seed))
    chosen = random.permutation(len(real))[:number]
    return real[chosen], generated[:number]


def steps_of(
    number: int,
    published: int,
) -> int:
    """Return for how many steps judges are trained on a number of series of either kind.

    Args:
        number: series of either kind.
        published: steps in TimeGAN's code, which is for ``ENOUGH`` series or more.
    """
    return max(1, round(published * min(1, number / ENOUGH)))


def rows(
    random: Sequence[np.random.Generator],
    size: int,
) -> npt.NDArray[np.int64]:
    """Return the rows of a batch of each judge, [judges, b], without repetition."""
    batch = min(BATCH, size)
    return np.stack([generator.choice(size, batch, replace=False) for generator in random])


def orders_of(
    random: Sequence[np.random.Generator],
    number: int,
) -> npt.NDArray[np.int64]:
    """Return a random order of some rows for each judge, [judges, number]."""
    return np.stack([generator.permutation(number) for generator in random])


def of_judges(
    values: Tensor,
    chosen: npt.NDArray[np.int64],
) -> Tensor:
    """Return series [b, T, judges, d] of rows [judges, b] of ``values`` [n, T, d]."""
    return values[torch.from_numpy(chosen)].permute(1, 2, 0, 3)


def train(
    judges: Judges,
    steps: int,
    loss: Callable[[], Tensor],
) -> None:
    """Minimise a loss, the sum of those of all judges, by Adam with torch's settings."""
    parameters = list(judges.parameters())
    # Torch's own optimisers import its compiler, which takes seconds.
    optimiser = AdamW(parameters, AdamWSettings(RATE))
    for _ in range(steps):
        optimiser.step(torch.autograd.grad(loss(), parameters))


def accuracies(
    real: Floats,
    generated: Floats,
    steps: int,
    seed: int,
) -> npt.NDArray[np.float64]:
    """Return how often each discriminator is right about series that it was not trained on.

    Args:
        real: series [n, T, d].
        generated: series [n, T, d].
        steps: updates, each on 128 series of either kind.
        seed: seed of all judges.
    """
    random = generators(seed, 0)
    features = real.shape[2]
    judges = Judges(features, max(1, features // 2), random)
    both = [torch.from_numpy(np.ascontiguousarray(values)) for values in (real, generated)]
    trained = int(SHARE * len(real))
    orders = [orders_of(random, len(real)) for _ in both]
    labels = torch.tensor([1.0, 0.0])

    def chosen(
        order: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.int64]:
        return np.take_along_axis(order, rows(random, trained), 1)

    def loss() -> Tensor:
        batches = [of_judges(x, chosen(order)) for x, order in zip(both, orders, strict=True)]
        size = batches[0].shape[0]
        logits = judges(torch.cat(batches))[:, -1]
        targets = labels.repeat_interleave(size)[:, None].expand_as(logits)
        losses = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum")
        return losses / size

    train(judges, steps, loss)
    right = []
    with torch.no_grad():
        for x, order, is_real in zip(both, orders, (True, False), strict=True):
            logits = judges(of_judges(x, order[:, trained:]))[:, -1]
            right.append(((logits > 0) == is_real).double())
    return np.asarray(torch.cat(right).mean(0))


def prediction_errors(
    real: Floats,
    generated: Floats,
    steps: int,
    seed: int,
) -> npt.NDArray[np.float64]:
    """Return mean absolute errors on real series, of predictors trained on generated ones.

    A predictor reads all features but the last one, and predicts the last one of the next step.

    Args:
        real: series [n, T, d].
        generated: series [m, T, d].
        steps: updates, each on 128 series.
        seed: seed of all judges.

    Raises:
        ValueError: there is only one feature.
    """
    features = real.shape[2]
    if features < 2:
        raise ValueError(
            "the predictor reads all features but the last one, and there is only one; "
            "use a data set with 2 features or more"
        )
    random = generators(seed, 1)
    judges = Judges(features - 1, max(1, features // 2), random)
    training = torch.from_numpy(np.ascontiguousarray(generated))

    def errors(x: Tensor) -> Tensor:
        """Absolute errors [b, T - 1, judges] on series [b, T, judges, d]."""
        predicted = judges(x[:, :-1, :, :-1]).sigmoid()
        return (predicted - x[:, 1:, :, -1]).abs()

    def loss() -> Tensor:
        return errors(of_judges(training, rows(random, len(training)))).mean((0, 1)).sum()

    train(judges, steps, loss)
    with torch.no_grad():
        every = torch.from_numpy(np.ascontiguousarray(real))[:, :, None]
        of_each = errors(every.expand(-1, -1, len(random), -1))
        return np.asarray(of_each.double().mean((0, 1)))
