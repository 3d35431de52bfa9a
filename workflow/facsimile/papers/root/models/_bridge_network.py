"""The network that estimates x_t - x_high, and its training: a state of named arrays."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import ReduceLROnPlateau

from facsimile.models.base import mlp
from facsimile.models.base.algorithm import State

Floats = npt.NDArray[np.float64]
RATE = 1e-3
PATIENCE = 200  # steps without a lower loss before the rate is halved, and steps after it
LEAST_RATE = 5e-7
BATCH = 64
ACCUMULATED = 2  # batches whose gradients are added for one step
AVERAGED_EVERY = 16  # batches
DECAY = 0.995  # of the moving average of the weights
START = 0.02  # standard deviation of the first weights
PLATEAU = ("best", "num_bad_epochs", "cooldown_counter")


def network(
    coordinates: int,
    width: int,
) -> nn.Sequential:
    """Three hidden layers with Swish; inputs are x_t, t, and two scores."""
    widths = [coordinates + 3, width, width, width, coordinates]
    return mlp.mlp(widths, nn.SiLU).double()


def started(
    coordinates: int,
    width: int,
    random: np.random.Generator,
) -> State:
    """Return the arrays of a network before training: weights N(0, 0.02²), PyTorch's biases."""
    state: State = {}
    for name, value in network(coordinates, width).state_dict().items():
        layer = name.split(".")[0]
        if name.endswith("weight"):
            limit = 1 / np.sqrt(value.shape[1])
            first = random.normal(0, START, value.shape)
            state[f"weights.{layer}.bias"] = random.uniform(-limit, limit, value.shape[0])
        else:
            first = state[f"weights.{name}"]
        state[f"weights.{name}"] = first
    for name, value in list(state.items()):
        bare = name.removeprefix("weights.")
        state |= {f"average.{bare}": value.copy()}
        state |= {f"{kind}.{bare}": np.zeros_like(value) for kind in ("first", "second")}
    state |= {"rate": np.array(RATE), "updates": np.array(0), "batches": np.array(0)}
    state |= {f"plateau.{name}": np.array(0) for name in PLATEAU[1:]}
    state["plateau.best"] = np.array(np.inf)
    return state


def named(
    state: State,
    kind: str,
) -> dict[str, Tensor]:
    """The tensors of a kind (weights, average, first, second) by the name of the parameter."""
    start = f"{kind}."
    found = {}
    for name, value in state.items():
        if name.startswith(start):
            found[name.removeprefix(start)] = torch.from_numpy(np.array(value))
    return found


def averaged(
    state: State,
    coordinates: int,
) -> nn.Sequential:
    """Return the network with the moving average of its weights."""
    weights = named(state, "average")
    result = network(coordinates, len(weights["0.bias"]))
    result.load_state_dict(weights)
    return result


@dataclass
class Trainer:
    """The network, Adam and the schedule of its rate, as they are during one epoch.

    Attributes:
        network: the network that is trained.
        average: the moving average of its weights, by name.
        averaged_from: batches after which the average is more than a copy.
        batches: batches so far.
    """

    network: nn.Sequential
    adam: torch.optim.Adam
    schedule: ReduceLROnPlateau
    average: dict[str, Tensor]
    averaged_from: int
    updates: int
    batches: int

    @classmethod
    def of(
        cls,
        state: State,
        averaged_from: int,
    ) -> "Trainer":
        """Continue from the arrays of a state."""
        weights = named(state, "weights")
        module = network(len(weights["6.bias"]), len(weights["0.bias"]))
        module.load_state_dict(weights)
        adam = torch.optim.Adam(module.parameters(), lr=float(state["rate"]))
        first, second = named(state, "first"), named(state, "second")
        for name, parameter in module.named_parameters():
            adam.state[parameter] = {
                "step": torch.tensor(float(state["updates"])),
                "exp_avg": first[name],
                "exp_avg_sq": second[name],
            }
        schedule = ReduceLROnPlateau(
            adam, factor=0.5, patience=PATIENCE, cooldown=PATIENCE, min_lr=LEAST_RATE
        )
        for name in PLATEAU:
            setattr(schedule, name, state[f"plateau.{name}"].item())
        return cls(
            network=module,
            adam=adam,
            schedule=schedule,
            average=named(state, "average"),
            averaged_from=averaged_from,
            updates=int(state["updates"]),
            batches=int(state["batches"]),
        )

    def batch(
        self,
        inputs: Floats,
        target: Floats,
    ) -> float:
        """Add the gradient of one batch, step after every second one, and return its loss.

        Args:
            inputs: x_t, t and two scores, [b, d + 3].
            target: x_t - x_high, [b, d].
        """
        estimate = self.network(torch.from_numpy(inputs))
        loss = functional.l1_loss(estimate, torch.from_numpy(target))
        loss.backward()
        self.batches += 1
        if self.batches % ACCUMULATED == 0:
            self.adam.step()
            self.adam.zero_grad()
            self.schedule.step(loss.item())
            self.updates += 1
        if self.batches % AVERAGED_EVERY == 0:
            self._take_average()
        return loss.item()

    def arrays(self) -> State:
        """Return the arrays that the next epoch continues from.

        A gradient that waits for its second batch is dropped.
        """
        state: State = {}
        for name, parameter in self.network.named_parameters():
            state[f"weights.{name}"] = parameter.detach().numpy()
            state[f"average.{name}"] = self.average[name].numpy()
            moments = self.adam.state[parameter]
            state[f"first.{name}"] = moments["exp_avg"].numpy()
            state[f"second.{name}"] = moments["exp_avg_sq"].numpy()
        [group] = self.adam.param_groups
        state |= {"rate": np.array(group["lr"])}
        state |= {"updates": np.array(self.updates), "batches": np.array(self.batches)}
        for name in PLATEAU:
            state[f"plateau.{name}"] = np.array(getattr(self.schedule, name))
        state["plateau.best"] = state["plateau.best"].astype(np.float64)
        return state

    @torch.no_grad()
    def _take_average(self) -> None:
        decay = DECAY if self.batches >= self.averaged_from else 0.0
        for name, parameter in self.network.named_parameters():
            self.average[name] = decay * self.average[name] + (1 - decay) * parameter.detach()


def estimated(
    module: nn.Module,
    x: Floats,
    time: int,
    scores: tuple[Floats, Floats],
) -> Floats:
    """Return the network's estimate [n, d] for points [n, d], a time, and two scores [n] each."""
    with torch.no_grad():
        inputs = assembled(x, np.full(len(x), time), *scores)
        result: Floats = module(torch.from_numpy(inputs)).numpy()
    return result


def assembled(
    x: Floats,
    times: npt.NDArray[np.integer],
    first: Floats,
    second: Floats,
) -> Floats:
    """The inputs of the network, [n, d + 3]; the time is an integer from 0 to 999."""
    return np.column_stack((x, times, first, second)).astype(np.float64)
