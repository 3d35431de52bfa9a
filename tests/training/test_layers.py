"""Layers of serial runs: chosen by rule or measurement, recorded, and the same up to rounding."""
# ruff: noqa: F811 (fixtures)

import platform

import numpy as np
import pandas as pd
import pytest
import torch
from trained_runs import data_file, elsewhere, equal, run_of, trained, workspace  # noqa: F401

from facsimile.planning import config, processor
from facsimile.store import files, records
from facsimile.training import machine, measure_layers


def execution_of(**settings):
    serial = {"execution": "serial", "device": "cpu", "precision": "float32"}
    return machine.execution(config.check(serial | settings))


def test_bf16_has_its_own_layers():
    assert execution_of(precision="bf16").layers == "channels_last"
    with pytest.raises(ValueError, match="set precision: float32, too"):
        execution_of(precision="bf16", layers="torch")


def test_a_setting_decides_before_any_rule():
    for layers in ("torch", "channels_last"):
        assert execution_of(layers=layers).layers == layers


def test_a_rule_decides_on_x86(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    execution = execution_of()
    assert (execution.layers, execution.layers_measured) == ("channels_last", None)


@pytest.mark.parametrize(
    ("milliseconds", "layers"), [(90.0, "channels_last"), (97.0, "torch"), (120.0, "torch")]
)
def test_a_measurement_decides_on_other_processors(monkeypatch, milliseconds, layers):
    measured = {"torch": 100.0, "channels_last": milliseconds}
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(measure_layers, "milliseconds", lambda: measured)
    execution = execution_of()
    assert execution.layers == layers
    facts = machine.execution_facts(execution)
    assert (facts["layers"], facts["layers_measured"]) == (layers, measured)


@pytest.mark.slow
def test_steps_of_both_layers_are_measured():
    measured = measure_layers.milliseconds()
    assert sorted(measured) == ["channels_last", "torch"]
    assert min(measured.values()) > 0


def test_layers_are_recorded_and_agree_up_to_rounding(workspace, tmp_path):
    run = run_of(steps=4, lr=1e-4)
    losses = []
    for layers in ("torch", "channels_last"):
        other = elsewhere(workspace, tmp_path / layers, layers=layers)
        trained(other, run)
        folder = other.paths.run(run.key)
        record = records.record(folder)
        assert record["layers"] == layers
        assert record["sessions"][0]["layers"] == layers
        losses.append(pd.read_parquet(folder / files.HISTORY)["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)


def test_torchs_use_of_instructions_can_be_limited(monkeypatch):
    monkeypatch.setattr(processor, "has_flag", lambda flag: flag == "avx512_bf16")
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)
    assert processor.has_bf16()
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    assert not processor.has_bf16()


@pytest.mark.slow
def test_the_gradient_in_place_is_that_of_a_relu():
    from facsimile.models.base.cpu_layers import as_cpu_layers

    network = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 4, 2, 1), torch.nn.ReLU(), torch.nn.Conv2d(4, 2, 4, 2, 1)
    ).double()
    images = torch.randn(3, 1, 16, 16, dtype=torch.float64)
    parameters = list(network.parameters())
    expected = torch.autograd.grad(network(images).square().sum(), parameters)
    as_cpu_layers(network)
    assert type(network[1]).__module__ == "facsimile.models.base.cpu_layers"
    actual = torch.autograd.grad(network(images).square().sum(), parameters)
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
