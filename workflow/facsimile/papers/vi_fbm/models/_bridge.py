"""What the models of a bridge share: the chain, the hyper-parameters, and what is measured."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from facsimile.models.base import rng
from facsimile.models.base.arrays import Batch
from facsimile.papers.vi_fbm import chain as chains
from facsimile.papers.vi_fbm.chain import Chain, Observed
from facsimile.papers.vi_fbm.models._simulation import Control, simulate, starts, steps_of


def check(model: Any) -> None:
    """Raise ValueError if a hyper-parameter is impossible; chains find steps too long."""
    if not 0 < model.hurst < 1:
        raise ValueError(f"hurst must be between 0 and 1, not {model.hurst:g}")
    if model.kind not in (1, 2):
        raise ValueError(f"kind must be 1 or 2, not {model.kind:g}")
    for name, least in (("number", 0), ("steps", 1)):
        value = getattr(model, name)
        if value != int(value) or value < least:
            raise ValueError(f"{name} must be a whole number from {least}, not {value:g}")


def chain_of(
    model: Any,
    end: float,
) -> Chain:
    """The chain of a model's hyper-parameters up to the time of the observation."""
    return chains.chain(
        int(model.kind),
        float(model.hurst),
        int(model.number),
        float(model.theta),
        int(model.steps),
        end,
    )


def observed(
    model: Any,
    whole: Batch,
) -> Observed:
    """The bridge to the data's only row."""
    row = {name: float(values[0]) for name, values in whole.items()}
    return chains.bridge(chain_of(model, row["time"]), row["value"], row["deviation"])


def measured(
    model: Any,
    bridge: Observed,
    control: Control,
    seed: int,
    paths: int,
    dtype: torch.dtype,
) -> Mapping[str, Tensor]:
    """Return what fresh paths of a control say.

    ``mean`` and ``deviation`` [steps + 1] of x, the ``losses`` [n] of the paths, and the
    ``setting`` (kind, hurst, number, theta, steps).
    """
    chain = bridge.chain
    random = rng.generator(seed, "tested", 0)
    first = torch.from_numpy(random.standard_normal((paths, len(chain.inputs)))).to(dtype)
    normals = torch.from_numpy(random.standard_normal((paths, chain.steps))).to(dtype)
    path, energy = simulate(steps_of(chain, dtype), control, starts(chain, first), normals)
    missed = (path[:, -1] - bridge.values[0, 0]) / bridge.deviation
    setting = [model.kind, model.hurst, model.number, model.theta, model.steps]
    return {
        "mean": path.mean(0).float(),
        "deviation": path.std(0).float(),
        "losses": (energy + 0.5 * missed.square()).float(),
        "setting": torch.tensor(setting, dtype=torch.float64),
    }
