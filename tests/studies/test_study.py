"""Study files: what is accepted, and what errors say."""

import re
import subprocess
import sys

import pytest
from project import PAPERS, write_study

from facsimile.foundation.file_errors import FileError
from facsimile.studies import json_schema, reading


@pytest.fixture
def text(root):
    return (PAPERS / "locatello2019" / "study.yaml").read_text()


def test_the_published_study_is_read(root):
    study = reading.load(PAPERS / "locatello2019" / "study.yaml")
    assert study.id == "locatello2019"
    assert set(study.scales) == {"smoke", "demo", "desk", "paper", "miniature"}


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ("steps: 300000", "step: 300000", "training.step", "did you mean 'steps'"),
        ("{beta: [1, 2, 4, 6, 8, 16]}", "{betta: [1]}", "models.0", "did you mean 'beta'"),
        ("lambda_od: [1, 2", "lambda_of: [1, 2", "models.2", "did you mean 'lambda_od'"),
        ("name: beta_vae", "name: betavae", "models.0.name", "did you mean 'beta_vae'"),
        ("name: factor_vae", "name: beta_vae", "models.1", "beta"),
        (
            "datasets: [dsprites]\n    seeds",
            "datasets: [dsprite]\n    seeds",
            "scales.desk.datasets",
            "did you mean 'dsprites'",
        ),
        (
            "datasets: [noisy_dsprites]",
            "datasets: [noisy]",
            "figures.fig2.datasets",
            "did you mean 'noisy_dsprites'",
        ),
        (
            "dsprites: {orientation",
            "dsprite: {orientation",
            "scales.demo.subgrid",
            "did you mean 'dsprites'",
        ),
        (
            "seeds: 1\n",
            "seeds: 1\n    without: [noise_vae]\n",
            "scales.desk.without",
            "no model of locatello2019 'noise_vae'",
        ),
        ("seeds: 50", "seeds: fifty", "seeds", "integer"),
        ("seeds: 50", "seeds: -1", "seeds", "greater than 0"),
        ("year: 2019", "year: 2019\nyear: 2020", "year", "twice"),
        ("lr: 0.0001", "lr: 1e-4", "training.adam.lr", "write 1.0e-4"),
        ("lr: 0.0001", "lr: .nan", "training.adam.lr", "finite"),
        ("kind: scores", "kind: scors", "tables.table1.kind", "did you mean 'scores'"),
        ("kind: violin", "kind: violn", "figures.fig3_left.kind", "did you mean 'violin'"),
        (
            "statistic: model_selection",
            "statistic: model_selecton",
            "claims.transfer.statistic",
            "did you mean 'model_selection'",
        ),
        (
            "rule: {above: -0.1}",
            "rule: {over: -0.1}",
            "claims.mean_total_correlation.rule.over",
            "no such key",
        ),
        (
            "rule: {above: -0.1}",
            "rule: {}",
            "claims.mean_total_correlation.rule",
            "a rule needs above, below, or both",
        ),
        (
            "same_metric: true, ",
            "",
            "claims.transfer",
            "model_selection needs the parameters: same_metric",
        ),
        (
            "less: [objective]",
            "lest: [objective]",
            "claims.seed_and_hyper_parameter",
            "did you mean 'less'",
        ),
        (
            "against: [elbo.elbo]",
            "against: [elb.elbo]",
            "claims.no_selection_without_labels.parameters",
            "did you mean 'elbo'",
        ),
        (
            "metric: unsupervised.gaussian_total_correlation@sampled",
            "metric: unsupervised.gaussian_total_correlation@sampld",
            "claims.sampled_total_correlation.parameters",
            "did you mean 'sampled'",
        ),
        (
            "[annealed_vae]",
            "[anealed_vae]",
            "claims.sampled_total_correlation.parameters",
            "did you mean 'annealed_vae'",
        ),
        (
            "target: model_selection",
            "target: table9",
            "claims.transfer.target",
            "did you mean 'table1'",
        ),
        (
            "    description: as published",
            "    description: x\n    metrics: [mig]",
            "scales.paper.metrics",
            "no such key",
        ),
        ("  - beta_vae_score\n", "  - beta_score\n", "metrics.0", "did you mean 'beta_vae_score'"),
        (
            "metrics: [unsupervised]}",
            "metrics: [unsupervise]}",
            "variations.sampled.metrics",
            "did you mean 'unsupervised'",
        ),
        (
            "correlation@sampled, unsupervised",
            "correlation@samples, unsupervised",
            "figures",
            "did you mean 'sampled'",
        ),
        (
            "models: [factor_vae]",
            "models: [factor]",
            "figures.fig3_right.models",
            "did you mean 'factor_vae'",
        ),
        ("each: dataset", "each: metric", "figures.fig7.each", "'dataset'"),
        (
            "points: {downstream",
            "points: {downstreem",
            "scales.smoke.points",
            "did you mean 'downstream'",
        ),
        ("id: locatello2019", "id: another", "id", "must have the id 'locatello2019'"),
        ("id: locatello2019", "id: '../../x'", "id", "not a name"),
        (
            "datasets: [dsprites, color",
            "datasets: ['a; rm -rf x', color",
            "datasets.0",
            "not a name",
        ),
    ],
)
def test_an_error_names_file_line_key_and_remedy(text, tmp_path, old, new, key, message):
    assert old in text
    path = write_study(tmp_path, text.replace(old, new, 1), "locatello2019")
    with pytest.raises(FileError) as error:
        reading.load(path)
    file, line, text_of_error = str(error.value).split(":", 2)
    assert file == str(path)
    assert text_of_error.strip().startswith(key)
    assert message in text_of_error
    written = path.read_text().splitlines()[int(line) - 1]
    assert (
        re.split(r"\W", key.split(".")[-1])[0] in written
        or new.splitlines()[-1].strip() in written
        or new in written
    )


@pytest.mark.parametrize(
    "content",
    ["", "[1, 2]", "id: [", "a: !!python/object/apply:os.system [ls]", "\x00", "- {", "&a [*a]"],
)
def test_an_invalid_file_is_an_error_of_one_line(tmp_path, content):
    path = write_study(tmp_path, content, "broken")
    with pytest.raises(FileError) as error:
        reading.load(path)
    assert str(error.value).startswith(f"{path}:")
    assert "\n" not in str(error.value)


def test_the_schema_for_editors_is_up_to_date(root):
    assert (root / json_schema.PATH).read_text(encoding="utf-8") == json_schema.generated(), (
        "run: facsimile schema"
    )


@pytest.mark.slow
def test_expanding_a_study_imports_neither_torch_nor_pandas(root):
    path = PAPERS / "locatello2019" / "study.yaml"
    code = (
        "import sys; from pathlib import Path;"
        "from facsimile.studies import runs, reading; from facsimile.planning import targets;"
        f"runs.expand(reading.load(Path({str(path)!r})), 'paper');"
        "print(sorted({'torch', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert process.stdout.strip() == "[]"
