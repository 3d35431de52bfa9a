"""One variant of the training benchmark in its own process; started by training.py.

The process may belong to another environment. It trains without end. ``Gate`` stops it between
blocks: a line with a number of seconds on standard input starts a block, a line of JSON on standard
output ends it.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

BATCH, LATENTS, SEED = 64, 10, 0
IMAGES = 20_480  # few enough for a library that keeps float32 in memory
PARAMS = {
    "beta_vae": {"beta": 4},
    "factor_vae": {"gamma": 30},
    "dip_vae_i": {"lambda_od": 5, "lambda_d_factor": 10},
    "dip_vae_ii": {"lambda_od": 5, "lambda_d_factor": 1},
    "beta_tc_vae": {"beta": 4},
    "annealed_vae": {"c_max": 25, "gamma": 1000, "iteration_threshold": 100000},
}


class Gate:
    """Call it with the number of steps made; it blocks while the variant has to wait."""

    def __init__(self, device: str, warm_up: int = 3) -> None:
        self._output = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)  # a library's output must not be taken for a result
        self._device, self._warm_up, self._until, self._count, self._began = (
            device,
            warm_up,
            0.0,
            0,
            0.0,
        )

    def __call__(self, steps: int = 1) -> None:
        if self._warm_up > 0:
            self._warm_up -= 1
            if self._warm_up == 0:
                self._send({"ready": True})
            return
        self._count += steps
        if time.perf_counter() >= self._until:
            self._wait_for_device()
            self._send({"steps": self._count, "seconds": time.perf_counter() - self._began})

    def _send(self, result: dict[str, Any]) -> None:
        self._output.write(json.dumps(result) + "\n")
        line = sys.stdin.readline()
        if not line:
            os._exit(0)
        self._count, self._began = 0, time.perf_counter()
        self._until = self._began + float(line)

    def _wait_for_device(self) -> None:
        if self._device == "cuda":
            torch.cuda.synchronize()


def pictures() -> np.ndarray:
    """Black and white images uint8 [IMAGES, 64, 64, 1]; their content does not affect the speed."""
    return 255 * np.random.default_rng(SEED).integers(0, 2, (IMAGES, 64, 64, 1), np.uint8)


def our_data() -> Any:
    """The same images, stored as in our dSprites: eight pixels per byte."""
    from facsimile.datasets.dsprites import DSprites

    class Images(DSprites):
        factor_sizes = (IMAGES, 1, 1, 1, 1)

    return Images(np.packbits(pictures().reshape(IMAGES, -1) != 0, axis=1), {})


def our_training() -> Any:
    from facsimile.studies.training import Adam, Training

    return Training(
        steps=10**9, batch_size=BATCH, latents=LATENTS, network="dlib", adam=Adam(lr=0.0001)
    )


def serial(gate: Gate, options: Any) -> None:
    """Our serial execution, as in a job."""
    from facsimile import models
    from facsimile.training import loop, machine

    model, data, used = (
        models.model(options.model, **PARAMS[options.model]),
        our_data(),
        machine.precision(options.precision),
    )
    layers, _ = machine.choose_layers("auto", used)
    state = loop.start(model, our_training(), data.image_shape, SEED, used, layers)
    for _ in loop.steps(model, our_training(), data, SEED, used, state):
        gate()


def packed(gate: Gate, options: Any) -> None:
    """Our packed execution: K models, losses checked after each block of steps."""
    from facsimile import models
    from facsimile.training import machine
    from facsimile.training.pack import BLOCK, Member, Pack, PackSettings

    model, device = models.model(options.model, **PARAMS[options.model]), options.device
    settings = PackSettings(
        torch.device(device),
        machine.precision(options.precision, device),
        options.compiled,
        options.convolutions,
    )
    pack = Pack(
        [Member(model, seed) for seed in range(options.k)],
        options.k,
        our_training(),
        our_data(),
        settings,
    )
    steps = BLOCK if device == "cuda" else 1
    while True:
        pack.advance(steps)
        gate(steps * options.k)


def network() -> tuple[nn.Module, nn.Module]:
    """disentanglement_lib's encoder (to means and log-variances) and decoder in plain torch."""
    encoder = nn.Sequential(
        *(nn.Conv2d(1, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 32, 4, 2, 1), nn.ReLU()),
        *(nn.Conv2d(32, 64, 2, 2), nn.ReLU(), nn.Conv2d(64, 64, 2, 2), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(1024, 256), nn.ReLU(), nn.Linear(256, 2 * LATENTS)),
    )
    decoder = nn.Sequential(
        *(
            nn.Linear(LATENTS, 256),
            nn.ReLU(),
            nn.Linear(256, 1024),
            nn.ReLU(),
            nn.Unflatten(1, (64, 4, 4)),
        ),
        *(
            nn.ConvTranspose2d(64, 64, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 4, 2, 1),
            nn.ReLU(),
        ),
        *(nn.ConvTranspose2d(32, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 1, 4, 2, 1)),
    )
    assert sum(p.numel() for part in (encoder, decoder) for p in part.parameters()) == 690_517
    return encoder, decoder


def plain(gate: Gate, options: Any) -> None:
    """A simple β-VAE: DataLoader with shuffling, float32, torch's own Adam."""
    from torch.nn import functional
    from torch.utils.data import DataLoader, TensorDataset

    encoder, decoder = (part.to(options.device) for part in network())
    images = torch.from_numpy(pictures()).permute(0, 3, 1, 2)
    loader = DataLoader(TensorDataset(images), batch_size=BATCH, shuffle=True, drop_last=True)
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-4)
    while True:
        for (batch,) in loader:
            seen = batch.to(options.device).float() / 255
            mean, log_variance = encoder(seen).chunk(2, 1)
            logits = decoder(mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean))
            reconstruction = (
                functional.binary_cross_entropy_with_logits(logits, seen, reduction="sum") / BATCH
            )
            kl = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(1).mean()
            adam.zero_grad()
            (reconstruction + 4 * kl).backward()
            adam.step()
            gate()


def disent(gate: Gate, options: Any) -> None:
    """The library disent 0.9: its BetaVae, its data set and Lightning's loop."""
    import lightning
    from disent.dataset import DisentDataset
    from disent.dataset.data import ArrayGroundTruthData
    from disent.dataset.sampling import SingleSampler
    from disent.dataset.transform import ToImgTensorF32
    from disent.frameworks.vae import BetaVae
    from disent.model import AutoEncoder, DisentDecoder, DisentEncoder
    from torch.utils.data import DataLoader

    class Encoder(DisentEncoder):
        def encode(self, x: Any) -> Any:
            return self.net(x)

    class Decoder(DisentDecoder):
        def decode(self, z: Any) -> Any:
            return self.net(z)

    class Tick(lightning.Callback):
        def on_train_batch_end(self, *_: Any) -> None:
            gate()

    encoder, decoder = Encoder((1, 64, 64), LATENTS, 2), Decoder((1, 64, 64), LATENTS)
    encoder.net, decoder.net = network()
    settings = BetaVae.cfg(
        optimizer="adam",
        optimizer_kwargs={"lr": 1e-4},
        recon_loss="bce",
        loss_reduction="mean_sum",
        beta=4,
    )
    data = ArrayGroundTruthData(pictures(), ("image",), (IMAGES,))
    loader = DataLoader(
        DisentDataset(data, SingleSampler(), ToImgTensorF32()), BATCH, shuffle=True, drop_last=True
    )
    trainer = lightning.Trainer(
        max_epochs=-1,
        accelerator="gpu" if options.device == "cuda" else "cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[Tick()],
    )
    trainer.fit(BetaVae(AutoEncoder(encoder, decoder), settings), loader)


def pythae(gate: Gate, options: Any) -> None:
    """The library pythae 0.1.2: its BetaVAE, its data set and its trainer."""
    from pythae.data.datasets import BaseDataset
    from pythae.models import BetaVAE, BetaVAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.training_callbacks import TrainingCallback

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = network()[0]

        def forward(self, x: Any) -> Any:
            mean, log_variance = self.net(x).chunk(2, 1)
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = network()[1]

        def forward(self, z: Any) -> Any:
            return ModelOutput(reconstruction=torch.sigmoid(self.net(z)))

    class Tick(TrainingCallback):
        def on_train_step_end(self, *_: Any, **__: Any) -> None:
            gate()

    model = BetaVAE(
        BetaVAEConfig(input_dim=(1, 64, 64), latent_dim=LATENTS, reconstruction_loss="bce", beta=4),
        Encoder(),
        Decoder(),
    )
    images = torch.from_numpy(pictures()).permute(0, 3, 1, 2).float() / 255
    settings = BaseTrainerConfig(
        output_dir=tempfile.mkdtemp(),
        num_epochs=10**6,
        learning_rate=1e-4,
        per_device_train_batch_size=BATCH,
        optimizer_cls="Adam",
        no_cuda=options.device != "cuda",
    )
    BaseTrainer(
        model,
        BaseDataset(images, torch.zeros(IMAGES)),
        training_config=settings,
        callbacks=[Tick()],
    ).train()


def gemm(gate: Gate, options: Any) -> None:
    """Products of matrices of side 2,048 (CPU) or 8,192 (GPU): arithmetic. A step is a GFLOP."""
    side = 8192 if options.device == "cuda" else 2048
    if options.device == "cuda":
        torch.set_float32_matmul_precision("high" if options.precision == "tf32" else "highest")
    dtype = torch.bfloat16 if options.precision == "bf16" else torch.float32
    a, b = (torch.randn(side, side, device=options.device, dtype=dtype) for _ in range(2))
    forever(lambda: torch.mm(a, b), 2 * side**3 / 1e9, gate, options.device)


def copy(gate: Gate, options: Any) -> None:
    """Copies of 256 MB: memory bandwidth, bytes read and written. A step is a GB."""
    source = torch.ones(2**26, device=options.device)
    target = torch.empty_like(source)
    forever(lambda: target.copy_(source), 2 * source.nbytes / 1e9, gate, options.device)


def forever(work: Callable[[], Any], worth: float, gate: Gate, device: str) -> None:
    times = 10 if device == "cuda" else 1
    while True:
        for _ in range(times):
            work()
        if device == "cuda":
            torch.cuda.synchronize()
        gate(worth * times)  # type: ignore[arg-type]


def main() -> None:
    """Run the variant that the command line names."""
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variant", choices=list(VARIANTS))
    parser.add_argument("--model", default="beta_vae", choices=list(PARAMS))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--k", type=int, default=1)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--convolutions", default="grouped", choices=["grouped", "matrix"])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    VARIANTS[options.variant](Gate(options.device), options)


VARIANTS = {each.__name__: each for each in (serial, packed, plain, disent, pythae, gemm, copy)}

if __name__ == "__main__":
    main()
