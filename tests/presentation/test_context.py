"""What a table or figure says of itself, from the shipped study at each of its scales."""

import pytest
import synthetic
from project import PAPERS

from facsimile.foundation import discover
from facsimile.presentation import departures, names
from facsimile.presentation.context import Context
from facsimile.presentation.departures import Departure
from facsimile.presentation.spec import Spec
from facsimile.studies import reading, runs


@pytest.fixture(scope="module")
def study(root):
    return reading.load(PAPERS / "locatello2019" / "study.yaml")


def test_the_paper_scale_departs_in_nothing(study):
    context = Context.of(study, "paper")
    assert context.scale.departures == ()
    assert context.design.published_runs == 12_600
    assert context.scale.datasets == context.design.datasets
    assert context.design.sweeps["beta_vae"] == (1, 2, 4, 6, 8, 16)


def test_the_smoke_scale_says_every_departure(study):
    context = Context.of(study, "smoke")
    said = {(d.kind, d.model, d.dataset): d.text for d in context.scale.departures if not d.metric}
    assert {d.metric: d.text for d in context.scale.departures if d.metric}[
        "elbo"
    ] == "200 + 100 evaluation points for elbo"
    assert said[("training", "", "")] == "200 of 300,000 steps"
    assert said[("training", "annealed_vae", "")] == "other fixed hyper-parameters"
    assert {model for kind, model, _ in said if kind == "cells"} == set(context.design.models)
    assert said[("seeds", "", "")] == "1 of 50 seeds"
    assert said[("evaluation", "", "")].startswith("1,000 + 500 evaluation points")
    assert (
        said[("grid", "", "dsprites")]
        == "sub-grid of every 4th orientation, every 2nd x position and every 2nd y position"
    )


def test_data_sets_of_one_sub_grid_are_named_together(study):
    kept = {
        "dsprites": "every 2nd scale",
        "color_dsprites": "every 2nd scale",
        "noisy_dsprites": "every 4th scale",
    }
    context = synthetic.changed(Context.of(study, "smoke"), subgrids=kept)
    assert context.protocol(list(kept)).endswith(
        " · sub-grid of dSprites and Color-dSprites: every 2nd scale · sub-grid of Noisy-dSprites: every 4th scale"
    )
    thinned = [
        Departure("grid", f"sub-grid of {text}", dataset=dataset) for dataset, text in kept.items()
    ]
    assert departures.said(thinned) == [
        "dSprites and Color-dSprites: sub-grid of every 2nd scale",
        "Noisy-dSprites: sub-grid of every 4th scale",
    ]


def test_the_desk_scale_evaluates_as_the_paper_does(study):
    kinds = {departure.kind for departure in Context.of(study, "desk").scale.departures}
    assert kinds == {"training", "cells", "seeds"}


def test_a_model_that_a_scale_leaves_out_has_no_runs_there_and_is_a_departure(root):
    study = reading.load(PAPERS / "overlap" / "study.yaml")
    there = {run.label for run in runs.expand(study, "smoke") if run.model != "no_model"}
    assert there == {"Ada-GVAE", "β-VAE, BoxBlurMSE"}
    said = {
        departure.model
        for departure in Context.of(study, "smoke").scale.departures
        if departure.text == "left out"
    }
    assert said == set(study.scales["smoke"].without)
    assert len(said) == 4


def test_an_artefact_of_other_data_sets_says_what_stands_for_them(study):
    spec = Spec.of("fig3_left", study.figures["fig3_left"])
    smoke, paper = Context.of(study, "smoke"), Context.of(study, "paper")
    assert smoke.shown(spec) == ["dsprites"]
    assert smoke.substitution(spec) == "paper: Cars3D; here: dSprites"
    assert paper.shown(spec) == ["cars3d"]
    assert paper.substitution(spec) == ""


def test_every_artefact_of_the_study_becomes_a_spec(study):
    desk, paper = Spec.all(study, "desk"), Spec.all(study, "paper")
    each = [name for name, figure in study.figures.items() if figure.each]
    assert (
        len({spec.id for spec in paper})
        == len(paper)
        == len(study.tables) + len(study.figures) + 6 * len(each)
    )
    assert {"a9_dsprites", "a9_cars3d"} <= {spec.id for spec in paper}
    assert {
        spec.id for spec in paper if spec.datasets == ("cars3d",) and spec.id.endswith("cars3d")
    } == {f"{name}_cars3d" for name in each}
    assert [spec.id for spec in desk if spec.id.startswith("a9")] == ["a9_dsprites"]
    assert not any(spec.verified for spec in paper)


def test_an_unknown_scale_is_refused(study):
    with pytest.raises(discover.UnknownName, match="did you mean 'smoke'"):
        Context.of(study, "smok")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("mig.mig", "MIG"),
        ("factor_vae_score.factor_vae_score", "FactorVAE score"),
        ("dci.disentanglement", "DCI disentanglement"),
        ("new_metric.new_metric", "new metric"),
        ("new_metric.part", "new metric part"),
        ("mig.mig ~ sap.sap", "MIG ~ SAP"),
    ],
)
def test_scores_have_readable_names(name, shown):
    assert names.metric(name) == shown


def test_settings_are_readable():
    assert (
        names.settings('{"iteration_threshold":100000,"lambda_od":5}')
        == "iteration threshold = 100,000, λ_od = 5"
    )
    assert names.settings("{}") == ""
    assert names.listed(["a", "b", "c"]) == "a, b and c"
