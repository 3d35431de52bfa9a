"""What a job does on a GPU, rehearsed without one: devices, waits of the host, CUDA graphs.

Values, speed and compiled kernels are not rehearsed; `benchmarks/gpu_check.py` tests them on a GPU.
"""
# ruff: noqa: F811 (fixtures)

import json
import os
import subprocess
import sys
from pathlib import Path

import fake_cuda
import pytest
from model_fixtures import TRAINED
from trained_runs import data_file  # noqa: F401

TESTS = Path(__file__).parent.parent
DENSE = "bf16, traced, dense"
# Model -> kinds of packs. Layers do not depend on the model; feeding depends on whether it trains
# on pairs.
KINDS = {
    "beta_vae": ["float32", "bf16, traced", "bf16, matrix", "float32, fed"],
    "ada_gvae": [DENSE, "float32, fed"],
}
BLOCKS = ("block", "resume")
WHY_NOT = fake_cuda.why_not()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return fake_cuda.build(tmp_path_factory.mktemp("library"))


def rehearse(library, data_file, *packs):
    command = [sys.executable, TESTS / "rehearse.py", library, data_file, *packs]
    paths = [TESTS.parent / "workflow", TESTS]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def packs_of(model):
    """Return MODEL:KIND of each pack of a model that is rehearsed."""
    return [f"{model}:{kind}" for kind in KINDS.get(model, [DENSE])]


@pytest.fixture(scope="module")
def observed_packs(library, data_file):
    """What each pack does: all of them in one process, which imports PyTorch once."""
    packs = [pack for model in TRAINED for pack in packs_of(model)]
    return rehearse(library, data_file, *packs)


@pytest.mark.parametrize("trained", TRAINED)
def test_a_pack_never_waits_for_the_gpu_within_a_block(trained, observed_packs):
    for pack in packs_of(trained):
        stages = observed_packs[pack]
        assert list(stages) == ["start", "block", "read", "checkpoint", "resume", "encode"]
        for stage, observed in stages.items():
            assert observed["error"] == "", stage
            assert observed["forbidden"] == [], stage
        for stage in BLOCKS:
            assert stages[stage]["replays"] == 5
        assert stages["block"]["waits"] == []
        assert stages["block"]["captures"] == 1
        # The checkpoint is copied to the GPU, then the same graph goes on.
        assert set(stages["resume"]["waits"]) == {"copy to cuda"}
        assert stages["resume"]["captures"] == 0


# Fault -> (beginning of the error, operations that a CUDA graph cannot contain).
FAULTS = {
    "reads a value": ("DataDependentOutputException", []),
    "mixes devices": ("FakeTensorDeviceMismatchError", []),
    "sends a value": ("", ["copy to cuda", "copy to cuda"]),
    "fetches images": ("", ["copy to cpu", "copy to cuda"] * 2),
    "draws numbers": ("", ["random numbers of torch: rand_like"]),
    "adds in random order": ("", ["sums in random order: scatter_add"]),
}


def test_the_rehearsal_finds_what_a_gpu_would_refuse(library, data_file):
    spoilt = rehearse(library, data_file)
    assert spoilt.keys() == FAULTS.keys()
    for fault, (error, forbidden) in FAULTS.items():
        block = spoilt[fault]["block"]
        assert block["error"].startswith(error), fault
        assert bool(block["error"]) == bool(error), fault
        assert block["forbidden"] == forbidden, fault
