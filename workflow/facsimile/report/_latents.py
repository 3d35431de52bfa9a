"""The data of the latent explorer: for each chosen run its decoder, some images, its latents."""

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
from facsimile.report._script import Json, number
from facsimile.store import files, latents, records
from facsimile.studies.runs import Run
from facsimile.studies.study import Study
from facsimile.studies.training import Training

IMAGES = 16  # images the reader can choose from
POINTS = 10_000  # for the mutual information, as many as the study's metrics are trained on
Give = Callable[[str, Any], None]
Array = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]


def write(
    workspace: Workspace,
    tables: Gathered,
    give: Give,
    log: Callable[[str], None],
) -> Json:
    """Give the page the data of each chosen run, one script each.

    Returns how many runs are shown, and why others are left out.
    """
    limit = workspace.config.report_decoders
    runs = {run.key: run for run in workspace.runs(tables.study)}
    opened: dict[str, Dataset] = {}
    listed: list[Json] = []
    missing: list[str] = []
    for choice in choose(tables.scores, tables.context, limit):
        run = runs[choice.run]
        reason = _why_missing(workspace, run)
        if reason:
            missing.append(reason)
            log(f"no decoder for {choice.run}: {reason}")
            continue
        if run.dataset not in opened:
            opened[run.dataset] = _open(workspace, run.dataset)
        name = f"latents/{len(listed)}"
        data = opened[run.dataset].subgrid(run.subgrid)
        give(name, explored(workspace, run, data))
        listed.append(_listed(choice, run, name, tables.study))
    give("latents", listed)
    is_control = tables.runs["control"].astype(bool)
    return {
        "rule": RULE.format(limit=limit),
        "shown": len(listed),
        "trained": int((~is_control).sum()),
        "missing": sorted(set(missing)),
    }


def _open(workspace: Workspace, name: str) -> Dataset:
    path = workspace.paths.dataset(name)
    return datasets.of_images(datasets.dataset(name, path))


def explored(workspace: Workspace, run: Run, data: Dataset) -> Json:
    """The data of one run.

    Its decoder in ONNX, KL and mutual information of its latents, and images with their posteriors.
    """
    path = workspace.paths.run(run.key) / files.LATENTS
    mean, log_variance = latents.posteriors(path).values()
    deviation = np.exp(0.5 * log_variance)
    # First the images, then the points: both use one generator.
    rng = np.random.default_rng(0)
    shown = _sample(len(data), IMAGES, rng)
    points = _sample(len(data), POINTS, rng)
    onnx = decoder(workspace, run, data)
    information_of_points = shared_information(mean[points], data.factors(points))
    images = _images(data, shown, run.seed)
    return {
        "run": run.key,
        "onnx": base64.b64encode(onnx).decode(),
        "shape": list(data.image_shape),
        "kl": [number(kl, 4) for kl in divergences(mean, log_variance)],
        "factors": _factors(data),
        "information": _rounded(information_of_points),
        "images": [_png(image) for image in images],
        "values": data.factors(shown).tolist(),
        "mean": _rounded(mean[shown]),
        "deviation": _rounded(deviation[shown]),
        "spread": _rounded(mean.std(0)),
    }


def divergences(mean: Array, log_variance: Array) -> npt.NDArray[np.float64]:
    """KL divergence of each latent's posterior from the unit normal, in nats.

    Both arguments are [n, d]; the mean over the n points is float64 [d].
    """
    m = mean.astype(np.float64)
    v = log_variance.astype(np.float64)
    each = 0.5 * (m**2 + np.exp(v) - v - 1)
    return np.asarray(each.mean(0))


def shared_information(mean: Array, factors: Indices) -> npt.NDArray[np.float64]:
    """Mutual information [d, k] of latents [n, d] and factors [n, k], as a share of entropy.

    Latents are binned, 20 bins each; the entropy is the factor's. A constant factor gets 0.
    """
    binned = [information.discretise(column) for column in mean.T]
    entropies = []
    for factor in factors.T:
        counts = np.bincount(factor)
        entropies.append(information.entropy(counts))
    table = []
    for latent in binned:
        row = []
        for factor in factors.T:
            row.append(information.mutual_information(latent, factor))
        table.append(row)
    # A constant factor has no entropy: divide by the smallest number instead of zero.
    smallest = np.finfo(float).tiny
    return np.array(table) / np.maximum(entropies, smallest)


def decoder(workspace: Workspace, run: Run, data: Dataset) -> bytes:
    """The run's decoder in ONNX.

    Raises ValueError if the model decodes by more than its decoder and a sigmoid.
    """
    # Imported here because torch takes seconds, and many reports show no decoder.
    import torch
    from torch import nn

    from facsimile import models
    from facsimile.models.base.vae import autoencoder_of
    from facsimile.report import _decoder
    from facsimile.training import encode

    model = models.model(run.model, **run.params)
    training = Training.model_validate(run.statement["training"])
    weights = records.weights(workspace.paths.run(run.key))
    networks = encode.networks(model, training, data.image_shape, weights)
    autoencoder = autoencoder_of(networks)
    layers = list(cast(nn.Sequential, autoencoder.decoder))
    layers.append(nn.Sigmoid())

    # The page would show other images than the model's if it did more than its layers.
    generator = torch.Generator().manual_seed(0)
    codes = torch.randn((2, training.latents), generator=generator)
    with torch.inference_mode():
        exported = nn.Sequential(*layers)(codes)
        expected = model.decode(networks, codes)
        if not torch.allclose(exported, expected, atol=1e-6):
            raise ValueError(
                f"{run.key}: {run.model} decodes by more than a decoder and a sigmoid;"
                " the report cannot export that"
            )
    return _decoder.export(layers, training.latents)


def _why_missing(workspace: Workspace, run: Run) -> str:
    """Why the page cannot have a decoder of a run; "" if it can."""
    dataset = names.dataset(run.dataset)
    data = datasets.grid(run.dataset)
    if isinstance(data, Arrays):
        return f"{dataset} has no images"

    # Imported here because torch takes seconds.
    from facsimile.models import Model
    from facsimile.models.base.vae import VAE

    model = discover.load_class("models", run.model, Model)
    has_image_decoder = isinstance(data, Dataset) and issubclass(model, VAE)
    if not has_image_decoder:
        return f"no image decoder: {names.model(run.model)} on {dataset}"
    folder = workspace.paths.run(run.key)
    for file in (files.WEIGHTS, files.LATENTS):
        if not (folder / file).exists():
            return f"{file} is not in the store"
    if not workspace.paths.dataset(run.dataset).exists():
        return f"the images of {dataset} are missing"
    return ""


def _listed(
    choice: Choice,
    run: Run,
    name: str,
    study: Study,
) -> Json:
    """How the page lists a run, and the name of its data."""
    title = f"seed {run.seed}"
    hyper_parameters = settings(canonical.dumps(run.params), run.model, study)
    if hyper_parameters:
        title = f"{hyper_parameters} · {title}"
    place = f"{choice.place} of {choice.of}"
    if choice.role:
        place = f"{choice.role}, {place}"
    return {
        "data": name,
        "run": run.key,
        "dataset": run.dataset,
        "model": run.label or run.model,
        "title": title,
        "place": place,
    }


def _factors(data: Dataset) -> list[Json]:
    factors = []
    for name, size in zip(data.factor_names, data.factor_sizes, strict=True):
        words = name.replace("_", " ")
        factors.append({"name": words, "size": size})
    return factors


def _sample(total: int, size: int, rng: np.random.Generator) -> Indices:
    """Sorted indices of up to ``size`` of ``total`` images, without replacement."""
    rows = rng.choice(total, min(size, total), replace=False)
    return np.sort(rows)


def _images(data: Dataset, rows: Indices, seed: int) -> list[Pixels]:
    """The images [h, w, c] that the latents were computed from.

    A stochastic data set returns other images at each read, so its images are drawn again with the
    seed, in the batches in which they were encoded.
    """
    if not data.stochastic:
        return list(data.images(rows))
    from facsimile.training import encode

    batches: dict[int, Pixels] = {}
    images = []
    for row in map(int, rows):
        start = row // encode.BATCH * encode.BATCH
        if start not in batches:
            stop = min(start + encode.BATCH, len(data))
            batches[start] = encode.read(data, range(start, stop), seed)
        images.append(batches[start][row - start])
    return images


def _png(image: Pixels) -> str:
    """An image [h, w, c] as a data URL of a PNG."""
    # Pillow takes grey images as [h, w].
    pixels = image.squeeze(-1) if image.shape[-1] == 1 else image
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _rounded(values: npt.NDArray[Any]) -> Any:
    """Nested lists with four significant digits, which is more than a screen shows."""
    if values.ndim > 1:
        return [_rounded(row) for row in values]
    return [number(float(value), 4) for value in values]
