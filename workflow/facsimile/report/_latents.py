"""What the latent explorer holds of each chosen run: its decoder, a few images with their posteriors, and its latents."""

import base64
import io
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from facsimile import datasets
from facsimile.comparison.gathered import Gathered
from facsimile.datasets import Arrays, Dataset
from facsimile.foundation import canonical, discover
from facsimile.metrics.base import mutual_information as information
from facsimile.planning.workspace import Workspace
from facsimile.presentation import names
from facsimile.report._chosen import RULE, Choice, choose
from facsimile.report._scores import settings
from facsimile.report._script import number
from facsimile.store import files, latents, records
from facsimile.studies.runs import Run
from facsimile.studies.study import Study
from facsimile.studies.training import Training

IMAGES = 16  # that a reader chooses from
POINTS = 10_000  # of which the mutual information is estimated, as many as the study's metrics are trained on
Give = Callable[[str, Any], None]
Array = npt.NDArray[np.float32]


def write(
    workspace: Workspace, found: Gathered, give: Give, log: Callable[[str], None]
) -> dict[str, Any]:
    """Give the page each chosen run as data of its own, and answer the list of them and why others are left out."""
    limit = workspace.config.report_decoders
    choices = choose(found.scores, found.context, limit)
    runs = {run.key: run for run in workspace.runs(found.study)}
    opened: dict[str, Dataset] = {}
    listed: list[dict[str, Any]] = []
    missing: list[str] = []
    for choice in choices:
        if reason := _lacking(workspace, runs[choice.run]):
            missing.append(reason)
            log(f"no decoder of {choice.run}: {reason}")
            continue
        name = f"latents/{len(listed)}"
        run = runs[choice.run]
        if run.dataset not in opened:
            opened[run.dataset] = datasets.of_images(
                datasets.dataset(run.dataset, workspace.paths.dataset(run.dataset))
            )
        give(name, explored(workspace, run, opened[run.dataset].subgrid(run.subgrid)))
        listed.append(_listed(choice, run, name, found.study))
    give("latents", listed)
    trained = int((~found.runs["control"].astype(bool)).sum())
    return {
        "rule": RULE.format(limit=limit),
        "shown": len(listed),
        "trained": trained,
        "missing": sorted(set(missing)),
    }


def explored(workspace: Workspace, run: Run, data: Dataset) -> dict[str, Any]:
    """One run: its decoder in ONNX, KL and mutual information of its latents, and images with their posteriors."""
    path = workspace.paths.run(run.key) / files.LATENTS
    mean, log_variance = latents.both(path).values()
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(len(data), min(IMAGES, len(data)), replace=False))
    return {
        "run": run.key,
        "onnx": base64.b64encode(decoder(workspace, run, data)).decode(),
        "shape": list(data.image_shape),
        "kl": [number(kl, 4) for kl in divergences(mean, log_variance)],
        "factors": [
            {"name": n.replace("_", " "), "size": s}
            for n, s in zip(data.factor_names, data.factor_sizes, strict=True)
        ],
        "information": _rounded(shared_information(*_points(mean, data, rng))),
        "images": [_png(image) for image in _images(data, rows, run.seed)],
        "values": data.factors(rows).tolist(),
        "mean": _rounded(mean[rows]),
        "deviation": _rounded(np.exp(0.5 * log_variance[rows])),
        "spread": _rounded(mean.std(0)),
    }


def divergences(mean: Array, log_variance: Array) -> npt.NDArray[np.float64]:
    """KL of each latent's posterior to the unit normal, nats, mean over the data set: float64 [d] of [n, d] each."""
    m, v = mean.astype(np.float64), log_variance.astype(np.float64)
    found: npt.NDArray[np.float64] = 0.5 * (m**2 + np.exp(v) - v - 1).mean(0)
    return found


def shared_information(mean: Array, factors: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Mutual information of latents [n, d], 20 bins each, and factors [n, k], as a part of the factor's entropy: [d, k]."""
    binned = [information.discretise(column) for column in mean.T]
    entropies = [information.entropy(np.bincount(column)) for column in factors.T]
    pairs = [[information.mutual_information(a, b) for b in factors.T] for a in binned]
    return np.array(pairs) / np.maximum(entropies, np.finfo(float).tiny)


def decoder(workspace: Workspace, run: Run, data: Dataset) -> bytes:
    """The run's decoder in ONNX; raises ValueError for a model that decodes by more than its decoder and a sigmoid."""
    import torch
    from torch import nn

    from facsimile import models
    from facsimile.models.base.vae import autoencoder_of
    from facsimile.report import _decoder
    from facsimile.training import encode

    model = models.model(run.model, **run.params)
    training = Training.model_validate(run.statement["training"])
    made = encode.networks(
        model, training, data.image_shape, records.weights(workspace.paths.run(run.key))
    )
    layers = [*cast(nn.Sequential, autoencoder_of(made).decoder), nn.Sigmoid()]
    codes = torch.randn((2, training.latents), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        if not torch.allclose(nn.Sequential(*layers)(codes), model.decode(made, codes), atol=1e-6):
            raise ValueError(
                f"{run.key}: {run.model} decodes by more than a decoder and a sigmoid; the report knows no other way"
            )
    return _decoder.export(layers, training.latents)


def _lacking(workspace: Workspace, run: Run) -> str:
    """Why the page can hold no decoder of a run; empty if it can."""
    if isinstance(datasets.grid(run.dataset), Arrays):
        return f"{names.dataset(run.dataset)} has no images"
    from facsimile.models import Model
    from facsimile.models.base.vae import VAE

    folder = workspace.paths.run(run.key)
    images = isinstance(datasets.grid(run.dataset), Dataset)
    if not (images and issubclass(discover.the_class("models", run.model, Model), VAE)):
        return f"{names.model(run.model)} on {names.dataset(run.dataset)} decodes no pictures"
    for file in (files.WEIGHTS, files.LATENTS):
        if not (folder / file).exists():
            return f"the store has no {file} of them"
    if not workspace.paths.dataset(run.dataset).exists():
        return f"the images of {names.dataset(run.dataset)} are not at hand"
    return ""


def _listed(choice: Choice, run: Run, name: str, study: Study) -> dict[str, Any]:
    return {
        "data": name,
        "run": run.key,
        "dataset": run.dataset,
        "model": run.model,
        "title": " · ".join(
            filter(
                None, [settings(canonical.dumps(run.params), run.model, study), f"seed {run.seed}"]
            )
        ),
        "place": f"{choice.role + ', ' if choice.role else ''}{choice.place} of {choice.of}",
    }


def _points(
    mean: Array, data: Dataset, rng: np.random.Generator
) -> tuple[Array, npt.NDArray[np.int64]]:
    rows = np.sort(rng.choice(len(data), min(POINTS, len(data)), replace=False))
    return mean[rows], data.factors(rows)


def _images(data: Dataset, rows: npt.NDArray[np.int64], seed: int) -> list[npt.NDArray[np.uint8]]:
    """Images as they were encoded: of a data set that is drawn anew at every read, the draw that the latents record."""
    if not data.stochastic:
        return list(data.images(rows))
    from facsimile.training import encode

    starts = [int(row) // encode.BATCH * encode.BATCH for row in rows]
    blocks = {
        start: encode.read(data, range(start, min(start + encode.BATCH, len(data))), seed)
        for start in set(starts)
    }
    return [blocks[start][row - start] for start, row in zip(starts, rows, strict=True)]


def _png(image: npt.NDArray[np.uint8]) -> str:
    """An image [h, w, c] as the address of a PNG that holds it."""
    file = io.BytesIO()
    Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(
        file, "PNG", optimize=True
    )
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _rounded(values: npt.NDArray[Any]) -> Any:
    """Nested lists with four significant digits, which is more than a screen shows."""
    return (
        [_rounded(row) for row in values]
        if values.ndim > 1
        else [number(float(value), 4) for value in values]
    )
