"""The packed engine against a plain loop over one run in float64.

Its bits must not depend on slot, source or program.
"""

import copy
import dataclasses

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from facsimile import datasets, models
from facsimile.models.base import networks, rng
from facsimile.models.base.adam import TFAdam
from facsimile.models.base.cpu_layers import as_cpu_layers
from facsimile.models.base.matrix_convolutions import as_matrix_products
from facsimile.studies.training import Adam, Training
from facsimile.training import batches, sources
from facsimile.training.pack import Member, Pack, PackSettings

TRAINING = Training(steps=10, batch_size=8, latents=4, network="dlib", adam=Adam(lr=0.001))
# Convolutions do not depend on the model, only on its number of networks and whether it trains on
# pairs: the other models are tested with a network that is faster.
WITH_CONVOLUTIONS = {"beta_vae", "factor_vae", "ada_gvae"}
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return datasets.dataset("toy", tmp_path_factory.mktemp("data") / "toy.h5")


def variant(name, model, factor, training=TRAINING):
    """Return the model with its required hyper-parameters multiplied by a factor.

    Those that change the size of its networks stay: the runs of a pack have the same networks.
    """
    swept = [p.name for p in models.hyper_parameters(name) if p.default is None]
    changed = {key: factor * getattr(model, key) for key in swept}
    for key, value in list(changed.items()):
        other = dataclasses.replace(model, **{key: value})
        if sizes(other, training) != sizes(model, training):
            del changed[key]
    return dataclasses.replace(model, **changed)


def sizes(model, training):
    nets = model.networks((64, 64, 1), training.latents, training.network)
    return [weight.shape for net in nets.values() for weight in net.parameters()]


def training_of(name):
    if name in WITH_CONVOLUTIONS:
        return TRAINING
    return TRAINING.model_copy(update={"network": "mlp"})


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def alone(model, seed, data, steps, training):
    """Return the weights after some steps of a plain loop.

    It has no vmap, torch's own autograd, and the serial optimiser.
    """
    nets = model.networks(data.image_shape, training.latents, training.network)
    for group, network in nets.items():
        networks.initialise(network.double(), seed, group)
    optimisers = {
        group: TFAdam(list(nets[group].parameters()), s)
        for group, s in model.adam(training.adam).items()
    }
    seeds = torch.tensor([seed])
    for step in range(steps):
        now = torch.tensor([step])
        rows = batches.rows(seeds, now, training.batch_size, data.factor_sizes, model.paired)
        images = torch.from_numpy(data.images(rows[0, 0].numpy()))
        batch = images.permute(0, 3, 1, 2).float().div(255).double()
        noise = {
            name: drawn(seeds, now, name, draw)
            for name, draw in model.draws(8, training.latents).items()
        }
        losses = model.losses(nets, batch, noise, step).minimise
        gradients = {
            group: torch.autograd.grad(loss, list(nets[group].parameters()), retain_graph=True)
            for group, loss in losses.items()
        }
        for group, optimiser in optimisers.items():
            optimiser.step(gradients[group])
    return {
        f"{group}.{name}": p.detach()
        for group, network in nets.items()
        for name, p in network.named_parameters()
    }


def drawn(seeds, now, name, draw):
    if draw.kind == "permutation":
        return rng.permutations(seeds, now, name, *draw.shape)[0, 0]
    normals = rng.normals(seeds, now, name, torch.Size(draw.shape).numel())
    return normals[0, 0].view(draw.shape).double()


@pytest.mark.slow
@pytest.mark.parametrize("convolutions", ["grouped", "matrix"])
def test_three_steps_of_a_pack_are_those_of_runs_alone(trained, make_model, data, convolutions):
    """They agree to 1e-10 of the learning rate times steps, which is how far a weight can move."""
    if convolutions == "matrix" and trained not in WITH_CONVOLUTIONS:
        pytest.skip("its network here has no convolutions")
    base, training = make_model(trained), training_of(trained)
    members = [Member(base, 3), Member(variant(trained, base, 1.5, training), 4)]
    pack = Pack(
        members, 3, training, data, PackSettings(precision="float64", convolutions=convolutions)
    )
    pack.advance(3)
    for slot, member in enumerate(members):
        expected, actual = alone(*member, data, 3, training), pack.weights(slot)
        assert actual.keys() == expected.keys()
        worst = max((actual[name] - expected[name]).abs().max().item() for name in expected)
        assert worst < 1e-10 * 3 * training.adam.lr


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_bits_depend_on_neither_slot_nor_companions_nor_source(
    trained, make_model, data, precision
):
    if precision == "bf16" and trained not in WITH_CONVOLUTIONS:
        pytest.skip("layers in bf16 do not depend on the model")
    model, training = make_model(trained), training_of(trained)
    settings = PackSettings(precision=precision)
    companion = variant(trained, model, 3, training)
    first = Pack(
        [Member(model, 3), Member(companion, 4), Member(model, 5)], 3, training, data, settings
    )
    last = Pack(
        [Member(companion, 3), Member(model, 3)],
        3,
        training,
        data,
        settings,
        sources.Resident(data, CPU),
    )
    first.advance(3)
    last.advance(1)
    last.advance(2)
    assert equal(first.tensors(0), last.tensors(1))
    assert not equal(first.tensors(0), first.tensors(2))


@pytest.mark.parametrize("convert", [as_matrix_products, as_cpu_layers])
@pytest.mark.parametrize("name", networks.ENCODERS)
def test_layers_computed_another_way_are_the_same_layers(name, convert):
    plain = networks.autoencoder(name, (64, 64, 3), 5).double()
    converted = copy.deepcopy(plain)
    convert(converted)
    assert [*converted.state_dict()] == [*plain.state_dict()]
    batch = torch.rand(2, 3, 64, 64, dtype=torch.float64)
    used = [n for n, _ in plain.named_parameters() if "log_var" not in n]
    values = [network(batch) for network in (plain, converted)]
    torch.testing.assert_close(*values, rtol=1e-12, atol=1e-12)
    gradients = [
        torch.autograd.grad(value.square().sum(), [network.get_parameter(name) for name in used])
        for network, value in zip((plain, converted), values, strict=True)
    ]
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10 * a.abs().max().item())


def test_unsupported_convolutions_raise():
    for layer in (torch.nn.Conv2d(2, 2, 3, groups=2), torch.nn.ConvTranspose2d(2, 2, 3)):
        with pytest.raises(ValueError, match="not supported as a matrix product"):
            as_matrix_products(layer)


def test_a_dummy_and_a_frozen_run_stay_as_they_are(make_model, data):
    pack = Pack(
        [Member(make_model("beta_vae"), seed) for seed in (0, 1)], 3, TRAINING, data, PackSettings()
    )
    before = [pack.tensors(slot) for slot in range(3)]
    pack.freeze(1)
    block = pack.advance(2)
    assert (block.first, block.steps, block.finite) == ([0, 0, 0], [2, 0, 0], [True] * 3)
    assert [equal(before[slot], pack.tensors(slot)) for slot in range(3)] == [False, True, True]


@pytest.mark.slow
def test_no_run_goes_past_its_last_step(make_model, data):
    pack = Pack([Member(make_model("beta_vae"), 0)], 1, TRAINING, data, PackSettings())
    assert pack.advance(12).steps == [TRAINING.steps]


@pytest.mark.slow
def test_traced_into_one_program_a_step_has_the_same_bits(make_model, data):
    """A GPU compiles one graph that includes the gradients and the optimiser."""
    members = [Member(make_model("factor_vae"), seed) for seed in (0, 1)]
    eager, traced = (Pack(members, 2, TRAINING, data, PackSettings()) for _ in range(2))
    arguments = (traced._state.arguments(), traced._source.buffer)
    traced._step = make_fx(traced._step, tracing_mode="fake")(*arguments)
    for pack in (eager, traced):
        pack.advance(2)
    assert all(equal(eager.tensors(slot), traced.tensors(slot)) for slot in range(2))


def test_binary_images_are_bit_packed_on_the_device(data):
    class Binary(type(data)):
        def _images(self, indices, rng):
            return 255 * (super()._images(indices, rng) > 127).astype("uint8")

    binary = Binary(data._rows, data.facts)
    for dataset, width in ((data, 64 * 64), (binary, 64 * 64 // 8)):
        source = sources.Resident(dataset, CPU)
        assert source.buffer.shape == (len(data), width)
        images = source.take(source.buffer, torch.tensor([[7, 300], [8, 9]]))
        expected = (
            torch.from_numpy(dataset.images([7, 300, 8, 9])).view(2, 2, 1, 64, 64).float() / 255
        )
        assert torch.equal(images, expected)


def test_impossible_packs_raise(make_model, data):
    beta, dip = Member(make_model("beta_vae"), 0), Member(make_model("dip_vae_i"), 0)
    for members, message in (
        ([beta] * 3, "cannot hold 3"),
        ([], "cannot hold 0"),
        ([beta, dip], "hence one model"),
    ):
        with pytest.raises(ValueError, match=message):
            Pack(members, 2, TRAINING, data, PackSettings())
    with pytest.raises(ValueError, match="1 to 64 steps"):
        Pack([beta], 1, TRAINING, data, PackSettings()).advance(65)


def test_stochastic_images_are_fed_and_never_resident(data):
    class Noisy(type(data)):
        stochastic = True

        def _images(self, indices, rng):
            return rng.integers(0, 256, (len(indices), *self.image_shape), dtype="uint8")

    noisy = Noisy(data._rows, data.facts)
    with pytest.raises(ValueError, match="cannot lie on the device"):
        sources.Resident(noisy, CPU)
    fed = sources.source(noisy, [5, 6], 4, CPU)
    fed.feed([17, 0])
    assert torch.equal(
        fed.buffer[0], torch.from_numpy(noisy.images([0] * 4, rng.generator(5, "images", 17)))
    )
    assert not torch.equal(fed.buffer[0], fed.buffer[1])


@pytest.mark.skipif(
    not torch.cuda.is_available(),
    reason="no GPU here: CUDA graphs and compiled steps are tested where there is one",
)
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_on_a_gpu_bits_depend_on_neither_slot_nor_interruption(
    trained, make_model, data, precision, compiled
):
    model, settings = make_model(trained), PackSettings(torch.device("cuda"), precision, compiled)
    companion = variant(trained, model, 3)
    first = Pack(
        [Member(model, 3), Member(companion, 4), Member(model, 5)], 4, TRAINING, data, settings
    )
    first.advance(10)
    second = Pack(
        [Member(companion, 7), Member(companion, 8), Member(model, 3)], 4, TRAINING, data, settings
    )
    second.advance(4)
    stored = second.tensors(2)
    third = Pack([Member(companion, 1), Member(model, 3)], 4, TRAINING, data, settings)
    third.restore(1, stored, 4)
    third.advance(6)
    assert equal(first.tensors(0), third.tensors(1))


@pytest.mark.skipif(
    not torch.cuda.is_available(),
    reason="no GPU here: it is compared with the processor where there is one",
)
def test_a_gpu_agrees_with_the_processor_in_float64(trained, make_model, data):
    members = [
        Member(make_model(trained), 3),
        Member(variant(trained, make_model(trained), 1.5), 4),
    ]
    packs = [
        Pack(members, 2, TRAINING, data, PackSettings(torch.device(on), "float64"))
        for on in ("cpu", "cuda")
    ]
    for pack in packs:
        pack.advance(3)
    cpu, gpu = (pack.weights(1) for pack in packs)
    assert (
        max((cpu[name] - gpu[name]).abs().max().item() for name in cpu)
        < 1e-9 * 3 * TRAINING.adam.lr
    )
