"""Small networks are trained in packs on the processor, and a run's bits depend on it alone."""
# ruff: noqa: F811 (fixtures)

import dataclasses

import pytest
import torch
from trained_runs import data_file, elsewhere, equal, run_of, trained, workspace  # noqa: F401

from facsimile import datasets, models
from facsimile.models.base import networks
from facsimile.models.base.dense import FewPasses
from facsimile.planning import config
from facsimile.store import checkpoints, records
from facsimile.studies.training import Adam, Training
from facsimile.training import machine
from facsimile.training.pack import Member, Pack, PackSettings
from facsimile.training.run_records import is_small

K = 3
TRAINING = Training(steps=10, batch_size=8, latents=4, network="mlp", adam=Adam(lr=0.001))
SMALL = PackSettings(small=True)
MODELS = {
    "beta_vae": {"beta": 4},
    "factor_vae": {"gamma": 10},
    "dip_vae_i": {"lambda_od": 2, "lambda_d_factor": 10},
    "dip_vae_ii": {"lambda_od": 2, "lambda_d_factor": 1},
    "beta_tc_vae": {"beta": 4},
    "annealed_vae": {"c_max": 10, "gamma": 100, "iteration_threshold": 5},
}

# Tracing a method takes a second.
EACH = [
    name if name == "beta_vae" else pytest.param(name, marks=pytest.mark.slow) for name in MODELS
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A grey world of 16 × 16."""
    return datasets.dataset("mini_uneven", tmp_path_factory.mktemp("data") / "mini_uneven.h5")


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """The same images with noise that is drawn at every read."""
    uneven = datasets.dataset("mini_uneven", tmp_path_factory.mktemp("data") / "mini_uneven.h5")

    class Noisy(type(uneven)):
        stochastic = True

        def _images(self, indices, rng):
            images = super()._images(indices, None)
            return images // 2 + rng.integers(0, 128, images.shape, dtype="uint8")

    return Noisy(uneven._rows, uneven.facts)


def members(name, *seeds, factor=1.0):
    parameters = {key: factor * value for key, value in MODELS[name].items()}
    return [Member(models.model(name, **parameters), seed) for seed in seeds]


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH)
def test_bits_depend_on_neither_slot_nor_companions_nor_interruptions(name, data):
    [mine] = members(name, 3)
    others = members(name, 4, 5, factor=1.5)
    first = Pack([mine, *others], K, TRAINING, data, SMALL)
    first.advance(6)
    second = Pack([others[1], mine], K, TRAINING, data, SMALL)
    second.advance(2)
    stored = second.tensors(1)
    third = Pack([*others, mine], K, TRAINING, data, SMALL)
    third.restore(2, stored, 2)
    third.advance(4)
    assert equal(first.tensors(0), third.tensors(2))
    assert not equal(first.tensors(0), first.tensors(1))


@pytest.mark.slow
def test_bits_of_images_that_are_drawn_at_every_read_depend_on_the_run_alone(noisy):
    [mine] = members("beta_vae", 3)
    others = members("beta_vae", 4, 5, factor=2.0)
    first = Pack([mine, *others], K, TRAINING, noisy, SMALL)
    last = Pack([*others, mine], K, TRAINING, noisy, SMALL)
    first.advance(4)
    last.advance(4)
    assert equal(first.tensors(0), last.tensors(2))


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH)
def test_it_computes_what_any_pack_computes(name, data):
    """In float64, weights agree to 1e-9 of the distance that they can have moved."""
    runs = members(name, 3, 4)
    packs = []
    for small in (False, True):
        settings = PackSettings(precision="float64", small=small)
        pack = Pack(runs, K, TRAINING, data, settings)
        pack.advance(3)
        packs.append(pack)
    plain, small = (pack.weights(1) for pack in packs)
    assert plain.keys() == small.keys()
    worst = max((plain[key] - small[key]).abs().max().item() for key in plain)
    assert worst < 1e-9 * 3 * TRAINING.adam.lr


@pytest.mark.slow
def test_a_dummy_and_a_frozen_run_stay_as_they_are(data):
    pack = Pack(members("beta_vae", 0, 1), K, TRAINING, data, SMALL)
    before = [pack.tensors(slot) for slot in range(K)]
    pack.freeze(1)
    block = pack.advance(2)
    assert block.steps == [2, 0, 0]
    assert [equal(before[slot], pack.tensors(slot)) for slot in range(K)] == [False, True, True]


@pytest.mark.slow
def test_no_run_goes_past_its_last_step(data):
    pack = Pack(members("beta_vae", 0), 1, TRAINING, data, SMALL)
    assert pack.advance(12).steps == [TRAINING.steps]


@pytest.mark.slow
def test_a_run_that_fails_leaves_the_others_alone(data):
    usual = dict(c_max=10, gamma=100, iteration_threshold=5)
    good = Member(models.model("annealed_vae", **usual), 1)
    bad = Member(models.model("annealed_vae", **usual | {"c_max": 1e34, "gamma": 1e5}), 2)
    mixed = Pack([good, bad], 2, TRAINING, data, SMALL)
    alone = Pack([good], 2, TRAINING, data, SMALL)
    block = mixed.advance(5)
    alone.advance(5)
    assert block.finite == [True, False]
    assert block.steps[1] < 5
    assert equal(mixed.tensors(0), alone.tensors(0))


@pytest.mark.slow
def test_layers_in_few_passes_are_the_same_layers():
    network = networks.autoencoder("mlp", (8, 8, 1), 3).double()
    networks.initialise(network, 0, "vae")
    images = torch.rand(5, 1, 8, 8, dtype=torch.float64)

    def loss_and_gradients():
        logits = network(images)
        entropy = torch.nn.functional.binary_cross_entropy_with_logits
        loss = entropy(logits, images, reduction="sum")
        used = [p for name, p in network.named_parameters() if "log_variance" not in name]
        return [loss, *torch.autograd.grad(loss, used)]

    usual = loss_and_gradients()
    with FewPasses():
        fewer = loss_and_gradients()
    assert len(usual) == len(fewer)
    for a, b in zip(usual, fewer, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "network", "small"),
    [
        ("beta_vae", "mlp", True),
        ("factor_vae", "mlp", True),
        ("beta_vae", "dlib", False),
    ],
)
def test_the_size_of_the_networks_decides(name, network, small):
    nets = models.model(name, **MODELS[name]).networks((64, 64, 1), 10, network)
    if network == "mlp":
        nets = models.model(name, **MODELS[name]).networks((16, 16, 3), 10, network)
    assert networks.is_small(nets) == small


def test_many_parameters_are_not_small():
    assert not networks.is_small({"vae": networks.autoencoder("mlp", (64, 64, 3), 10)})
    assert not networks.is_small({"discriminator": networks.discriminator(10)})


def test_auto_packs_small_networks_on_a_processor_in_float32():
    auto = machine.execution(config.check({"device": "cpu"}), small=True)
    assert (auto.name, auto.precision, auto.pack, auto.small) == ("packed", "float32", 10, True)
    large = machine.execution(config.check({"device": "cpu"}), small=False)
    assert (large.name, large.small) == ("serial", False)


def test_what_the_configuration_states_is_done():
    serial = {"execution": "serial", "precision": "float32"}
    assert machine.execution(config.check(serial), small=True).name == "serial"
    settings = {"execution": "packed", "device": "cpu", "precision": "bf16", "pack": 4}
    packed = machine.execution(config.check(settings), small=True)
    assert (packed.precision, packed.pack, packed.small) == ("bf16", 4, False)


def small_run(seed, steps=8, **params):
    run = run_of(seed=seed, steps=steps, **params)
    statement = run.statement | {"training": run.statement["training"] | {"network": "mlp"}}
    return dataclasses.replace(run, dataset="mini_uneven", statement=statement)


@pytest.fixture
def small_workspace(workspace, tmp_path, data):
    """A workspace with a world of 16 × 16, execution and precision auto."""
    small = elsewhere(
        workspace, tmp_path / "small", execution="auto", precision="auto", device="cpu"
    )
    path = small.paths.dataset("mini_uneven")
    type(data).make(path)
    return small


@pytest.mark.slow
def test_a_shard_of_small_networks_is_packed_and_recorded_as_such(small_workspace):
    runs = [small_run(seed) for seed in (0, 1)]
    assert all(map(is_small, runs))
    trained_by(small_workspace, runs)
    record = records.record(small_workspace.paths.run(runs[1].key))
    facts = (record["execution"], record["pack"], record["slot"], record["precision"])
    assert facts == ("packed", 10, 1, "float32")
    assert any("dense" in name for name in record["code"])


@pytest.mark.slow
def test_runs_whose_layers_differ_in_size_are_packed_apart(small_workspace):
    """Here a hyper-parameter is the width of all layers."""
    widths = (6, 4, 6)
    runs = [small_run(0, 2, model="chen_beta_vae", width=width, beta=1) for width in widths]
    runs[2] = small_run(1, 2, model="chen_beta_vae", width=6, beta=4)
    weights = trained_by(small_workspace, runs)
    assert [run["vae.encoder.mean.weight"].shape[1] for run in weights] == list(widths)
    slots = [records.record(small_workspace.paths.run(run.key))["slot"] for run in runs]
    assert slots == [0, 0, 1]


@pytest.mark.slow
def test_killed_and_resumed_it_has_the_bits_of_an_uninterrupted_run(small_workspace, monkeypatch):
    runs = [small_run(seed) for seed in (0, 1)]
    whole = trained_by(small_workspace, runs)
    stopped = elsewhere(
        small_workspace, small_workspace.paths.root.parent / "stopped", checkpoint_steps=3
    )
    type(datasets.grid("mini_uneven")).make(stopped.paths.dataset("mini_uneven"))

    class Stop(BaseException):
        pass

    def stop(clock):
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr("facsimile.training.loop.Clock.saved", stop)
        with pytest.raises(Stop):
            trained_by(stopped, runs)
    assert checkpoints.load_checkpoint(stopped.paths.run(runs[0].key))[1]["step"] == 3
    resumed = trained_by(stopped, runs)
    assert all(equal(a, b) for a, b in zip(whole, resumed, strict=True))


def trained_by(small, runs):
    """Weights of runs of ``mini_uneven`` that are trained as a shard."""
    from facsimile.studies.runs import Shard
    from facsimile.training import train_shard

    shard = Shard("mini_uneven", runs[0].model, runs)
    train_shard.train_shard(small, shard, lambda _: None)
    return [records.weights(small.paths.run(run.key)) for run in runs]
