"""What tables and figures state about the study and its scale, from the shipped studies."""

import json

import pytest
import synthetic
from project import PAPERS

from facsimile.foundation import canonical, discover
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


def test_the_smoke_scale_states_every_departure(study):
    study = study.model_copy(deep=True)
    smoke = study.scales["smoke"]
    smoke.without.remove("annealed_vae")
    smoke.models["annealed_vae"] = type(smoke.models["beta_vae"])(fixed={"iteration_threshold": 2})
    context = Context.of(study, "smoke")
    departed = context.scale.departures
    texts = {(d.kind, d.model, d.dataset): d.text for d in departed if not d.metric}
    texts_of_metrics = {d.metric: d.text for d in departed if d.metric}
    assert texts_of_metrics["elbo"] == "60 + 60 evaluation points for elbo"
    training = {d.text for d in departed if d.kind == "training" and not d.model}
    assert training == {"6 of 300,000 steps", "other batch size"}
    assert texts[("training", "annealed_vae", "")] == "other fixed hyper-parameters"
    cells = {model for kind, model, _ in texts if kind == "cells"}
    assert cells == set(context.design.methods) - {"annealed_vae"}
    assert texts[("seeds", "", "")] == "1 of 50 seeds"
    assert texts[("evaluation", "", "")].startswith("120 + 60 evaluation points")
    subgrid = texts[("grid", "", "dsprites")]
    assert subgrid.startswith("sub-grid of every 3rd scale, every 14th orientation")


def test_a_sweep_is_that_of_the_scale_if_it_has_other_values(study):
    at_desk, in_miniature = Context.of(study, "desk"), Context.of(study, "miniature")
    assert at_desk.sweep("factor_vae") == (10, 20, 30, 40, 50, 100)
    assert in_miniature.sweep("factor_vae") == (1, 4, 16, 63, 250, 1000)
    assert in_miniature.sweep("no_such_method") == ()


def test_data_sets_of_one_sub_grid_are_named_together(study):
    kept = {
        "dsprites": "every 2nd scale",
        "color_dsprites": "every 2nd scale",
        "noisy_dsprites": "every 4th scale",
    }
    context = synthetic.changed(Context.of(study, "smoke"), subgrids=kept)
    assert context.protocol(list(kept)).endswith(
        " · sub-grid of dSprites and Color-dSprites: every 2nd scale"
        " · sub-grid of Noisy-dSprites: every 4th scale"
    )
    subgrids = []
    for dataset, text in kept.items():
        subgrids.append(Departure("grid", f"sub-grid of {text}", dataset=dataset))
    assert departures.sentences(subgrids) == [
        "dSprites and Color-dSprites: sub-grid of every 2nd scale",
        "Noisy-dSprites: sub-grid of every 4th scale",
    ]


def test_the_desk_scale_evaluates_as_the_paper_does(study):
    kinds = {departure.kind for departure in Context.of(study, "desk").scale.departures}
    assert kinds == {"training", "cells", "seeds"}


def test_a_model_that_a_scale_leaves_out_has_no_runs_there_and_is_a_departure(root):
    study = reading.load(PAPERS / "overlap" / "study.yaml")
    labels = {run.label for run in runs.expand(study, "smoke") if run.model != "no_model"}
    assert labels == {"Ada-GVAE", "β-VAE, BoxBlurMSE"}
    departed = Context.of(study, "smoke").scale.departures
    left_out = {departure.model for departure in departed if departure.text == "left out"}
    assert left_out == set(study.scales["smoke"].without)
    assert len(left_out) == 6


def test_a_figure_of_other_data_sets_names_those_shown_in_their_place(study):
    spec = Spec.of("fig3_left", study.figures["fig3_left"])
    smoke, paper = Context.of(study, "smoke"), Context.of(study, "paper")
    assert smoke.shown(spec) == ["dsprites"]
    assert smoke.substitution(spec) == "paper: Cars3D; here: dSprites"
    assert paper.shown(spec) == ["cars3d"]
    assert paper.substitution(spec) == ""


def test_every_artefact_of_the_study_becomes_a_spec(study):
    desk, paper = Spec.all(study, "desk"), Spec.all(study, "paper")
    each = [name for name, figure in study.figures.items() if figure.each]
    ids = {spec.id for spec in paper}
    assert len(ids) == len(paper) == len(study.tables) + len(study.figures) + 6 * len(each)
    assert {"fig11_dsprites", "fig11_cars3d"} <= ids
    of_cars = {spec.id for spec in paper if spec.datasets == ("cars3d",)}
    assert {id for id in of_cars if id.endswith("cars3d")} == {f"{name}_cars3d" for name in each}
    assert [spec.id for spec in desk if spec.id.startswith("fig11")] == ["fig11_dsprites"]
    verified = {spec.id: spec.verified for spec in paper}
    assert verified["fig13_cars3d"]
    assert not verified["jmlr_groups"]


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
        # Labels of patterns: KL after n points; L1, explanation and instance.
        ("predictive_kl.kl_20", "KL after 20 points, nats"),
        ("explanation_distance.l1_ig_vg", "L1, explanation and instance (ig, vg)"),
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
    assert names.enumeration(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize("path", sorted(PAPERS.glob("*/study.yaml")), ids=lambda p: p.parent.name)
def test_the_settings_of_every_table_and_figure_are_plain_data(path):
    study = reading.load(path)
    for spec in Spec.all(study, next(iter(study.scales))):
        settings = json.loads(canonical.dumps(spec.settings()))
        assert settings["kind"] == spec.kind
        assert set(settings.get("closed_form", ())) == set(dict(spec.closed_form))
