"""Chooses strengths and steps of the scale ``miniature`` of locatello2019, from losses alone.

    python benchmarks/calibrate_miniature.py DATA OUT  # trains, then prints the tables
    python benchmarks/calibrate_miniature.py DATA OUT --steps 3000 --worlds mini_dsprites

DATA is the folder of the data sets' files. OUT gets one CSV per world and method with the mean
losses of every 500 steps; what is there is not trained again, so that the script can be stopped at
any time. No factor is read and no score of disentanglement is computed: the choice comes first.

Each method is trained at a wide range of strengths. The information that a code keeps is its KL in
nats; its share is relative to the weakest strength on the same world. Rules:

- The weakest strength is the plain VAE, or the nearest to it that the method has.
- The strongest is the first at which the median world keeps at most 10 % (nearly collapsed); the
  last one that was tried, if the method never goes so far.
- Four more lie between them at equal ratios, rounded to two digits.
- A run is at its plateau at the first step where at most 1 % of the fall of its loss is left. Steps
  are the 90 % quantile over runs, in whole 1,000s.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from worlds import WORLDS

from facsimile import datasets, models
from facsimile.studies.training import Adam, Training
from facsimile.training.pack import BLOCK, Member, Pack, PackSettings

# Method -> its strength, the values that are tried from the weakest to the strongest, and the rest.
METHODS: dict[str, tuple[str, list[float], dict[str, float]]] = {
    "beta_vae": ("beta", [1, 2, 4, 8, 16, 32, 64], {}),
    "factor_vae": ("gamma", [1, 3, 10, 30, 100, 300, 1000], {}),
    "dip_vae_i": ("lambda_od", [0.3, 1, 3, 10, 30, 100, 300], {"lambda_d_factor": 10}),
    "dip_vae_ii": ("lambda_od", [0.3, 1, 3, 10, 30, 100, 300], {"lambda_d_factor": 1}),
    "beta_tc_vae": ("beta", [1, 2, 4, 8, 16, 32, 64], {}),
    "annealed_vae": ("c_max", [25, 15, 10, 5, 2.5, 1, 0.5], {"gamma": 1000}),
}
WINDOW = 500  # steps of which losses are averaged
COLLAPSED = 0.1  # share of the plain VAE's KL
STRENGTHS = 6
TERMS = ["loss", "reconstruction", "kl"]


def main() -> None:
    """Train what is missing in OUT, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--worlds", nargs="+", default=WORLDS, choices=WORLDS)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    tables = []
    for world in arguments.worlds:
        for method in arguments.methods:
            name = f"{world}-{method}-{arguments.steps}-{arguments.seeds}.csv"
            path = arguments.out / name
            if not path.exists():
                rows = train(
                    world, method, arguments.steps, arguments.seeds, arguments.data, device
                )
                rows.to_csv(path, index=False)
            tables.append(pd.read_csv(path))
    losses = pd.concat(tables)
    print(strengths_table(losses))
    print(plateau_table(losses))


def train(
    world: str,
    method: str,
    steps: int,
    seeds: int,
    data_folder: Path,
    device: torch.device,
) -> pd.DataFrame:
    """Mean losses of each window of steps, of all strengths and seeds, trained in one pack."""
    data = datasets.of_images(datasets.dataset(world, data_folder / f"{world}.h5"))
    strength, values, fixed = METHODS[method]
    if method == "annealed_vae":
        fixed = fixed | {"iteration_threshold": steps // 3}
    labels = [(value, seed) for value in values for seed in range(seeds)]
    members = []
    for value, seed in labels:
        parameters = {strength: float(value), **fixed}
        members.append(Member(models.model(method, **parameters), seed))
    training = Training(steps=steps, batch_size=64, latents=10, network="mlp", adam=Adam(lr=0.001))
    on_gpu = device.type == "cuda"
    settings = PackSettings(device, compiled=on_gpu, small=not on_gpu)
    pack = Pack(members, len(members), training, data, settings)
    window: list[np.ndarray] = []
    rows = []
    for end in range(BLOCK, steps + BLOCK, BLOCK):
        block = pack.advance(min(BLOCK, steps - (end - BLOCK)))
        window.append(np.stack([block.terms[name] for name in TERMS], axis=1))
        n_steps = sum(map(len, window))
        if n_steps >= WINDOW or end >= steps:
            means = np.concatenate(window).mean(axis=0)
            window = []
            for (value, seed), terms in zip(labels, means.T, strict=True):
                rows.append((world, method, value, seed, min(end, steps), *terms))
    columns = ["world", "method", "strength", "seed", "step", *TERMS]
    return pd.DataFrame(rows, columns=columns)


def strengths_table(losses: pd.DataFrame) -> str:
    """Markdown: the KL in nats at each strength that was tried, and the strengths chosen."""
    last = losses[losses["step"] == losses["step"].max()]
    kl = last.groupby(["world", "method", "strength"], sort=False)["kl"].mean()
    lines = []
    for method, (name, values, _) in METHODS.items():
        if method not in set(losses["method"]):
            continue
        heads = " | ".join(f"{value:g}" for value in values)
        lines += ["", f"| {method}, {name} | {heads} |", "| --- |" + " --- |" * len(values)]
        shares = []
        for world in losses["world"].unique():
            of_world = kl[world, method].reindex(values)
            shares.append(of_world / of_world.iloc[0])
            lines.append(f"| {world}, KL | " + " | ".join(f"{v:.2f}" for v in of_world) + " |")
        share = pd.concat(shares, axis=1).median(axis=1)
        lines.append("| median share | " + " | ".join(f"{v:.2f}" for v in share) + " |")
        chosen = ", ".join(f"{value:g}" for value in choose(share))
        lines.append(f"\nChosen: {chosen}")
    return "\n".join(lines)


def choose(share: "pd.Series[float]") -> list[float]:
    """Six strengths from the first one to the first that has collapsed, at equal ratios."""
    collapsed = share.index[share <= COLLAPSED]
    strongest = collapsed[0] if len(collapsed) else share.index[-1]
    values = np.geomspace(share.index[0], strongest, STRENGTHS)
    return [float(f"{value:.2g}") for value in values]


def plateau_table(losses: pd.DataFrame) -> str:
    """Markdown: steps to the plateau of each world and method, median and 90 % quantile."""
    lines = ["", "| world | method | median | 90 % |", "| --- | --- | --- | --- |"]
    steps = losses.groupby(["world", "method", "strength", "seed"], sort=False).apply(plateau)
    for (world, method), values in steps.groupby(["world", "method"], sort=False):
        median, high = values.quantile([0.5, 0.9])
        lines.append(f"| {world} | {method} | {median:,.0f} | {high:,.0f} |")
    overall = 1000 * np.ceil(steps.quantile(0.9) / 1000)
    return "\n".join([*lines, f"\nSteps: {overall:,.0f}"])


def plateau(run: pd.DataFrame) -> float:
    """The first step at which at most 1 % of the fall of the loss is left."""
    loss = run.sort_values("step").set_index("step")["loss"]
    fallen = loss.iloc[0] - loss.min()
    is_flat = loss - loss.min() <= 0.01 * fallen
    return float(is_flat.idxmax())


if __name__ == "__main__":
    main()
