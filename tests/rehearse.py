"""Run what a job does on a GPU, with tensors that only pretend to be on one.

    python rehearse.py LIBRARY DATA [MODEL:KIND …]

LIBRARY is the compiled fake_cuda.cpp, DATA the file of the toy data set. Prints a JSON object:
MODEL:KIND, a model and a kind of pack -> stage -> what it did (``fake_cuda.Observed``) and its
error. Without a model: fault -> stage -> the same, of a model with this fault. It is a process of
its own because it changes what PyTorch takes for granted.
"""

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import fake_cuda

STEPS = 5
# Name -> (precision, convolutions, whether the host feeds the images, traced into one program,
# network).
KINDS = {
    "float32": ("float32", "grouped", False, False, "dlib"),
    "bf16, traced": ("bf16", "grouped", False, True, "dlib"),
    "bf16, matrix": ("bf16", "matrix", False, False, "dlib"),
    "float32, fed": ("float32", "grouped", True, False, "dlib"),
    "bf16, traced, dense": ("bf16", "grouped", False, True, "mlp"),
    "float32, dense": ("float32", "grouped", False, False, "mlp"),
}


class Job:
    """A pack of two runs and a dummy, and the encoding of one of them, in stages."""

    def __init__(self, model, kind, data):
        import torch

        from facsimile.studies.training import Adam, Training
        from facsimile.training.pack import Member, PackSettings

        self.model = model
        self.data = data
        self.precision, convolutions, self.feeds, traced, network = KINDS[kind]
        self.gpu = torch.device("cuda")
        self.training = Training(
            steps=10, batch_size=8, latents=4, network=network, adam=Adam(lr=0.001)
        )
        self.members = [Member(model, 3), Member(model, 4)]
        self.settings = PackSettings(self.gpu, self.precision, traced, convolutions)

    def start(self):
        from facsimile.training import sources
        from facsimile.training.pack import Pack

        source = None
        if self.feeds:
            source = sources.Fed(self.data, [3, 4, 3], 8, self.gpu, self.model.paired)
        self.pack = Pack(self.members, 3, self.training, self.data, self.settings, source)

    def block(self):
        # Without its end, where the host reads the losses.
        self.pack._read = lambda steps_made: None
        self.pack.advance(STEPS)
        del self.pack._read

    def read(self):
        self.pack._read(STEPS)

    def checkpoint(self):
        self.tensors = self.pack.tensors(1)
        assert all(tensor.device.type == "cpu" for tensor in self.tensors.values())

    def resume(self):
        self.pack.restore(0, self.tensors, STEPS)
        self.block()

    def encode(self):
        from facsimile.training import encode

        weights = self.pack.weights(0)
        shape = self.data.image_shape
        networks = encode.networks(self.model, self.training, shape, weights, "cuda")
        blocks = encode.encode(self.model, networks, self.data, 3, self.precision, "cuda")
        rows = sum(len(mean) for mean, _ in blocks)
        assert rows == len(self.data)


STAGES = ("start", "block", "read", "checkpoint", "resume", "encode")


def faults():
    """Name -> a change of the images of a step, as code may contain it that a GPU refuses."""
    import torch

    return {
        "reads a value": lambda images: images * images.sum().item(),
        "mixes devices": lambda images: images + torch.ones(1),
        "sends a value": lambda images: images * torch.tensor(2.0, device=images.device),
        "fetches images": lambda images: images.cpu().to(images.device),
        "draws numbers": lambda images: images + torch.rand_like(images),
        "adds in random order": lambda images: images.scatter_add(0, images.long(), images),
    }


def rehearsed(model, kind, data, fault=None):
    """What each stage of a job does; stages after an error are left out."""
    observed = fake_cuda.Observed()
    job = Job(model, kind, data)
    stages = {}
    with fake_cuda.gpu(observed), repeated_once():
        for stage in STAGES:
            observed.reset()
            error = ""
            try:
                getattr(job, stage)()
            except Exception as problem:
                error = f"{type(problem).__name__}: {problem}"
            stages[stage] = vars(observed) | {"error": error}
            if error:
                break
            if stage == "start" and fault:
                spoil(job.pack._source, fault)
    return stages


@contextmanager
def repeated_once():
    """Make one warm-up step, and one round of the cipher of random numbers.

    The others would be the same operations again, and fake tensors have no values.
    """
    from facsimile.models.base import rng
    from facsimile.training import pack

    one_warm_up = mock.patch.object(pack, "WARM_UP", 1)
    one_round = mock.patch.object(rng.philox, "__defaults__", (1,))
    with one_warm_up, one_round:
        yield


def spoil(source, fault):
    """Make a source return images with a fault."""
    take = source.take
    source.take = lambda buffer, indices: fault(take(buffer, indices))


def main():
    library, data_file, *packs = sys.argv[1:]
    fake_cuda.load(Path(library))
    from model_fixtures import with_twos

    from facsimile import datasets

    data = datasets.dataset("toy", Path(data_file))
    table = {}
    for pack in packs:
        name, kind = pack.split(":")
        table[pack] = rehearsed(with_twos(name), kind, data)
    if not packs:
        for fault, change in faults().items():
            table[fault] = rehearsed(with_twos("beta_vae"), "float32, dense", data, change)
    print(json.dumps(table))


if __name__ == "__main__":
    main()
