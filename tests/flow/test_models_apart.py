"""Models with data sets and training of their own; metrics of data without factors."""

import numpy as np
import pandas as pd
import pytest
import synthetic
from project import PAPERS, write_study

from facsimile import datasets
from facsimile.comparison import judge, published
from facsimile.comparison.published import Published
from facsimile.foundation.file_errors import FileError
from facsimile.planning import config
from facsimile.planning.workspace import Workspace
from facsimile.presentation.context import Context
from facsimile.presentation.departures import Departure
from facsimile.presentation.spec import Quantity, Spec
from facsimile.scoring import score_inputs
from facsimile.scoring.score_shard import score_shard
from facsimile.statistics.estimates import Estimate
from facsimile.studies import evaluations, problems, reading, runs
from facsimile.studies.study import Study
from facsimile.training.encode_shard import encode_shard
from facsimile.training.train_shard import train_shard

STUDY = {
    "id": "tiny",
    "title": "t",
    "authors": "a",
    "year": 2026,
    "venue": "v",
    "datasets": ["toy", "linear_rank_3"],
    "seeds": 2,
    "control_seeds": 0,
    "training": {
        "steps": 9,
        "batch_size": 8,
        "latents": 4,
        "network": "dlib",
        "adam": {"lr": 0.001},
    },
    "models": [
        {"name": "ard_vae", "label": "images", "datasets": ["toy"], "fixed": {"beta": 1}},
        {
            "name": "ard_vae_linear",
            "label": "rows",
            "datasets": ["linear_rank_3"],
            "fixed": {"beta": 0.1},
            "training": {"latents": 5, "network": "own", "adam": {"lr": 0.01}},
        },
    ],
    "metrics": ["mig", "ard_relevance", "active_units"],
    "evaluation": {"train": 50, "test": 20},
    "variations": {"text": {"metrics": ["ard_relevance"], "convention": "paper"}},
    "unmeasured": {"fid.generated": "no weights at hand"},
    "tables": {
        "t": {
            "kind": "beside",
            "title": "t",
            "metrics": ["ard_relevance.relevant_axes", "fid.generated"],
        }
    },
    "figures": {},
    "scales": {
        "smoke": {"description": "all"},
        "less": {
            "description": "fewer",
            "seeds": 1,
            "training": {"steps": 3},
            "models": {"ard_vae_linear": {"training": {"steps": 5}, "seeds": 4}},
        },
    },
}


COLUMNS = (
    "run",
    "dataset",
    "model",
    "label",
    "params",
    "metric",
    "score",
    "result",
    "control",
    "variation",
)


@pytest.fixture
def study():
    return Study.model_validate(STUDY)


@pytest.fixture(scope="module")
def shipped(root):
    return {
        name: reading.load(PAPERS / name / "study.yaml") for name in ("ard_vae", "locatello2019")
    }


def test_twenty_runs_of_ard_vae_are_runs_of_locatello2019(shipped):
    """All runs of the four cells labelled as shared, and no run with the paper's own settings."""
    ours, theirs = (runs.expand(shipped[name], "paper") for name in ("ard_vae", "locatello2019"))
    keys = {run.key for run in theirs}
    both = [run for run in ours if run.key in keys]
    assert {run.label for run in both} == {run.label for run in ours if "shared" in run.label}
    assert len(both) == 4 * 5
    [own] = [run for run in ours if (run.label, run.seed) == ("VAE (L = 6)", 0)]
    [other] = [run for run in both if (run.label, run.seed) == ("VAE (shared)", 0)]
    assert own.params == other.params
    differ = {
        key
        for key, value in own.statement["training"].items()
        if other.statement["training"][key] != value
    }
    assert differ == {"latents", "batch_size", "steps", "adam"}, "what the study's note says"


def test_a_model_is_trained_on_its_own_data_sets_with_its_own_training(study):
    expanded = runs.expand(study, "smoke")
    assert {(run.dataset, run.label) for run in expanded} == {
        ("toy", "images"),
        ("linear_rank_3", "rows"),
    }
    trainings = {run.label: run.statement["training"] for run in expanded}
    assert trainings["images"] == STUDY["training"]
    assert trainings["rows"] == STUDY["training"] | {
        "latents": 5,
        "network": "own",
        "adam": {"lr": 0.01},
    }


def test_a_scale_overrides_steps_and_seeds_of_one_model_before_those_of_all(study):
    by_label = {
        label: [r for r in runs.expand(study, "less") if r.label == label]
        for label in ("images", "rows")
    }
    assert {label: (len(own), own[0].steps) for label, own in by_label.items()} == {
        "images": (1, 3),
        "rows": (4, 5),
    }
    context = Context.of(study, "less")
    assert {(d.model, d.text) for d in context.scale.departures if d.kind == "training"} == {
        ("images", "3 of 9 steps"),
        ("rows", "5 of 9 steps"),
    }
    assert context.protocol(["toy"]).startswith("less scale · 3 of 9 steps")
    assert "3 or 5 of 9 steps" in context.protocol(["toy", "linear_rank_3"])
    assert context.design.published_runs == 2 * 2


def test_numbers_are_expected_for_data_sets_that_a_model_is_trained_on(study):
    context = Context.of(study, "smoke")
    comparison = judge.compare(
        pd.DataFrame({c: [] for c in COLUMNS}), [], Spec.all(study, "smoke"), context
    )
    cells = set(
        comparison.loc[
            comparison["metric"] == "ard_relevance.relevant_axes", ["dataset", "model"]
        ].itertuples(index=False, name=None)
    )
    assert cells == {("toy", "images"), ("linear_rank_3", "rows")}


def test_a_number_that_nothing_measures_is_not_comparable_and_says_why(study):
    quantity = Quantity("t", "toy", "images", "", "fid.generated", "mean")
    number = Published(quantity, 22.2, 0.5, 0.05, "Table 2", "printed")
    nothing = Estimate(float("nan"), float("nan"), float("nan"), 0)
    verdict = judge.judge(quantity, number, nothing, Context.of(study, "smoke"))
    assert (verdict.verdict, verdict.reason) == ("not comparable", "no weights at hand")
    published._check_metric("fid.generated", Context.of(study, "smoke"))


@pytest.mark.parametrize(("model", "touched"), [("one", True), ("two", False), ("", True)])
def test_a_departure_of_a_label_touches_it_and_what_is_over_all_models(model, touched):
    context = synthetic.context(
        methods={"one": (), "two": ()},
        labels={"one": "m", "two": "m"},
        departures=(Departure("training", "fewer steps", "one"),),
        scale="desk",
    )
    quantity = Quantity("t", "dsprites", model, "", "mig.mig", "mean")
    assert judge._departures(quantity, context) == (["fewer steps"] if touched else [])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "datasets: [dsprites], fixed: {beta: 5}}",
            "datasets: [dsprite], fixed: {beta: 5}}",
            "did you mean 'dsprites'",
        ),
        ("network: own, adam: {lr: 0.01}", "network: own, adm: {lr: 0.01}", "did you mean 'adam'"),
        ("- fid.generated", "- fid.generate", "no metric of ard_vae 'fid'"),
        ("convention: paper}", "conventions: paper}", "did you mean 'convention'"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_remedy(root, tmp_path, old, new, message):
    text = (PAPERS / "ard_vae" / "study.yaml").read_text()
    assert old in text
    path = write_study(tmp_path, text.replace(old, new, 1), "ard_vae")
    with pytest.raises(FileError, match=message):
        reading.load(path)


def test_a_model_whose_optimiser_does_not_go_with_the_studys_is_refused():
    sgd = STUDY["training"] | {"adam": None, "sgd": {"lr": 0.1}}
    del sgd["adam"]
    messages = dict(problems.of(Study.model_validate(STUDY | {"training": sgd})))
    assert messages["models", 0, "training"].startswith("models of images are trained by Adam")
    assert messages["models", 1, "training"].startswith("state one optimiser")


def test_a_run_of_rows_without_factors_is_scored_by_its_own_decoder(study, tmp_path):
    workspace = Workspace(config.check({"results": tmp_path / "results", "scale": "smoke"}))
    datasets.make("linear_rank_3", workspace.paths.dataset("linear_rank_3"))
    [shard] = [
        s for s in runs.shards(runs.expand(study, "smoke"), 50) if s.dataset == "linear_rank_3"
    ]
    train_shard(workspace, shard, lambda _: None)
    encode_shard(workspace, shard, lambda _: None)
    score_shard(workspace, study, shard, "none", lambda _: None)
    scores = pd.read_parquet(
        workspace.paths.shard_scores(shard.key, evaluations.panel(study, "smoke"))
    )
    assert set(scores["metric"]) == {"ard_relevance", "active_units"}, "MIG needs factors"
    assert dict(
        scores[scores["score"] == "relevant_axes"].groupby("variation")["convention"].first()
    ) == {
        "": "ard-code",
        "text": "paper",
    }
    run = shard.runs[0]
    inputs = score_inputs.inputs(
        "ard_relevance", run, workspace.paths.run(run.key), workspace.paths.dataset(run.dataset)
    )
    codes = np.zeros((3, 5), np.float32)
    assert inputs["decoder"](codes).shape == (3, 20)
    assert not score_inputs.applicable("ard_relevance", cone(), ["mean", "log_variance"]), (
        "it decodes nothing"
    )


def cone():
    return runs.Run(
        "cone", "cone_mean_field", 0, {"params": {}}, "00000000", None, None, None, control=False
    )
