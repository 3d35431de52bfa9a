"""Hyper-parameters: errors name the wrong one and suggest the nearest."""

import dataclasses

import numpy as np
import pytest

from facsimile import models
from facsimile.foundation import declared


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("betavae", {"beta": 4}, "no model 'betavae'; did you mean 'beta_vae'"),
        ("beta_vae", {"bta": 4}, "no hyper-parameter of beta_vae 'bta'; did you mean 'beta'"),
        ("oracle", {"beta": 4}, "no hyper-parameter of oracle 'beta'; There are: none"),
        (
            "beta_vae",
            {},
            r"beta_vae: required .* are missing, add them under sweep or fixed: beta \(weight",
        ),
        ("annealed_vae", {"gamma": 1}, "c_max .*; iteration_threshold "),
        ("beta_vae", {"beta": "4"}, "beta must be a finite number, not '4'"),
        ("beta_vae", {"beta": True}, "beta must be a finite number, not True"),
        ("beta_vae", {"beta": None}, "beta must be a finite number, not None"),
        ("beta_vae", {"beta": float("nan")}, "beta must be a finite number, not nan"),
        ("beta_vae", {"beta": float("inf")}, "beta must be a finite number, not inf"),
        (
            "annealed_vae",
            {"c_max": 5, "gamma": 1, "iteration_threshold": 0},
            "iteration_threshold must be above 0, not 0",
        ),
    ],
)
def test_errors_name_what_is_wrong(name, values, message):
    with pytest.raises(ValueError, match=message):
        models.model(name, **values)


@pytest.mark.parametrize("value", [4, 4.0, np.int64(4), np.float32(4)])
def test_numbers_of_any_type_are_accepted(value):
    assert models.model("beta_vae", beta=value).beta == 4


def test_hyper_parameters_are_listed_with_meaning_and_default():
    listed = {parameter.name: parameter for parameter in models.hyper_parameters("factor_vae")}
    assert listed["gamma"].default is None
    assert listed["gamma"].meaning == "weight of the total correlation"
    assert listed["discriminator_lr"].default == 1e-4
    assert [p.name for p in models.hyper_parameters("dip_vae_i")] == [
        "lambda_od",
        "lambda_d_factor",
    ]


def test_the_discriminators_adam_has_its_own_settings(make_model, training_adam):
    settings = make_model("factor_vae").adam(training_adam)["discriminator"]
    assert dataclasses.astuple(settings) == (1e-4, 0.5, 0.9, 1e-8)


def test_fields_read_without_importing_are_the_hyper_parameters(any_model):
    """Studies read the fields from the text of the file, so that planning needs no torch."""
    assert declared.fields("models", any_model) == [
        parameter.name for parameter in models.hyper_parameters(any_model)
    ]
