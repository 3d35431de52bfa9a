"""Mistakes in a study that once showed after its training, or never: reported with their line."""

import pytest
from project import PAPERS, STUDY, write_study

from facsimile.comparison import published
from facsimile.foundation.file_errors import FileError, FileErrors
from facsimile.studies import problems, reading
from facsimile.studies.study import RULES

HEADER = "artefact,dataset,model,params,metric,statistic,value,spread,source,how"


def errors(folder, *edits, text=STUDY, name="tiny"):
    """Return (line, message) of each error of a study after some edits (old, new)."""
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path = write_study(folder, text, name)
    with pytest.raises(FileError) as raised:
        reading.load(path)
    single = (raised.value,)
    messages = []
    for error in getattr(raised.value, "errors", single):
        line, message = str(error).removeprefix(f"{path}:").split(": ", 1)
        messages.append((int(line), message))
    return messages


def line_of(text):
    return 1 + next(i for i, line in enumerate(STUDY.splitlines()) if text in line)


MISTAKES = [
    ("convention: dlib", "convention: dlibb", "no convention 'dlibb'; did you mean 'dlib'?"),
    ("convention: dlib", "convention: corrected", "no convention of mig 'corrected'"),
    (
        "title: Scores}",
        "title: S, metrics: [mig.migg]}",
        "no score of mig 'migg'; did you mean 'mig'?",
    ),
    (
        "title: Scores}",
        "title: S, metrics: [mig]}",
        "'mig' is a metric; name one of its scores: mig.mig",
    ),
    ("title: Scores}", "title: S, metrics: [mig.mig@bst]}", "no variation of tiny 'bst'"),
    ("title: Scores}", "title: S, metrics: [sap.sap]}", "no metric of tiny 'sap'"),
    ("title: Scores}", "title: S, against: [mig.migg]}", "no score of mig 'migg'"),
    ("title: Scores}", "title: S, where: {betta: 4}}", "did you mean 'beta'?"),
    (
        "title: Scores}",
        "title: S, closed_form: {mig.migg: {tolerance: 1, reason: r, source: s, value: 0}}}",
        "no score of mig 'migg'; did you mean 'mig'?",
    ),
    (
        "title: Scores}",
        "title: S, closed_form: {mig.mig: {tolerance: 1, reason: r, source: s}}}",
        "mig.mig has no closed form mig.mig_theory; state a value",
    ),
    (
        "title: Scores}",
        "title: S, closed_form: {mig.mig: {tolerance: -1, reason: r, source: s, value: 0}}}",
        "greater than or equal to 0",
    ),
    ("title: Violins}", "title: V, metrics: [mig.migg]}", "no score of mig 'migg'"),
    (", sweep: {beta: [1, 4]}", "", "required hyper-parameters are missing"),
    ("beta: [1, 4]", "beta: [1, 4, 1.0]", "the value 1 appears twice"),
    ("network: mlp", "network: dlibb", "no network 'dlibb'; did you mean 'dlib'?"),
    ("network: mlp", "network: own", "beta_vae needs a network; state network: dlib or"),
    (", network: mlp", "", "beta_vae needs a network"),
    ("batch_size: 8", "batch_size: all", "batch_size: all is for data sets of arrays"),
    ("adam: {lr", "sgd: {lr", "models of images are trained by Adam"),
    ("datasets: [toy]", "datasets: [mnist]", "beta_vae is a model of images, mnist a data set of"),
    ("beta: [1, 4]", "Beta: [1, 4]", "'Beta' is not a name: use lower-case letters"),
    ("seeds: 2", "seeds: yes", "must be a number, not yes"),
    ("steps: 12", "steps: true", "must be a number, not yes"),
    ("lr: 0.0001", "lr: -0.1", "greater than 0"),
    ("datasets: [toy]", "datasets: []", "at least 1 item"),
    ("{name: beta_vae", "{name: beta_vae, label: ' '", "begins and ends with a visible character"),
    ("steps: 12", "steps: 020", "write 20"),
    ("steps: 12", "steps: 1:30", "write 90"),
    ("steps: 12", "steps: 1.0e3", "write 1.0e+3"),
    ("beta: [1, 4]", "beta: [1e3]", "write 1.0e+3"),
    ("lr: 0.0001", "lr: '0.1'", "must be a finite number, not '0.1'"),
    ("seeds: 2", "seeds: two", "must be a number, not the text 'two'"),
    ("venue: none", "venue: no", 'write "no"'),
    ("venue: none", "venue: 2026-11-28", 'YAML reads 2026-11-28 as date: write "2026-11-28"'),
    ("authors: nobody", "authors: nobody\narxiv: 1811.10", 'write "1811.10"'),
    ("table1:", "report:", "tiny_report is a target of every study"),
    ("table1:", "comparison:", "tiny_comparison is a target of every study"),
    ("fig1:", "table1:", "tiny_table1 is also the target of the table table1"),
    ("datasets: [toy]", "datasets: [toy, toy]", "toy appears twice"),
    ("metrics: [mig, modularity]", "metrics: [mig, mig]", "mig appears twice"),
    ("scales:\n  smoke: {description: everything}", "scales: {}", "no scale"),
    (
        "{description: everything}",
        "{description: x, subgrid: {toy: {shap: 2}}}",
        "no factor of toy 'shap'; did you mean 'shape'?",
    ),
    (
        "{description: everything}",
        "{description: x, models: {beta_vae: {fixed: {betta: 4}}}}",
        "no hyper-parameter of beta_vae 'betta'; did you mean 'beta'?",
    ),
    (
        "{description: everything}",
        "{description: x, models: {beta_vae: {fixed: {beta: 4}}}}",
        "beta is swept, so a fixed value has no effect; write sweep: {beta: [4]}",
    ),
    (
        "{description: everything}",
        "{description: x, training: {network: dlibb}}",
        "no network 'dlibb'",
    ),
    (
        "{description: everything}",
        "{description: x, evaluation: {train: 5, test: 5, convention: dlibb}}",
        "no convention 'dlibb'",
    ),
]


ABOUT_A_MODEL = (
    "beta_vae needs a network",
    "are trained by Adam",
    "batch_size: all",
    "is a model of images",
)


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_a_mistake_is_reported_with_its_line(tmp_path, old, new, message):
    [(line, text)] = errors(tmp_path, (old, new))
    assert message in text
    # What a model lacks is reported at the model, whatever part of the study it is due to.
    place = "name: beta_vae" if any(words in text for words in ABOUT_A_MODEL) else old
    assert line == line_of(place.splitlines()[0]) + new.count("\n")


def test_all_mistakes_are_reported_at_once(tmp_path):
    chosen = [
        ("year: 2026", "yaer: 2026", "no such key: 'yaer'; did you mean 'year'?"),
        ("venue: none", "venue: none\ncoed: x", "no such key: 'coed'; did you mean 'code'?"),
        ("seeds: 2", "seeds: two", "must be a number, not the text 'two'"),
        ("steps: 12", "steps: 020", "write 20"),
        ("network: mlp", "network: dlibb", "no network 'dlibb'"),
        ("convention: dlib", "convention: dlibb", "no convention 'dlibb'"),
        ("title: Scores}", "titel: Scores, metrics: [mig.migg]}", "did you mean 'title'?"),
        (
            "title: Violins}",
            "title: V, metrics: [mig.migg]}",
            "no score of mig 'migg'; did you mean 'mig'?",
        ),
        ("kind: violin", "kind: violn", "no kind of figure 'violn'; did you mean 'violin'?"),
    ]
    text = "\n".join(message for _, message in errors(tmp_path, *[edit[:2] for edit in chosen]))
    for _, _, message in chosen:
        assert message in text
    assert "missing" not in text, "the misspelt keys say so already"


@pytest.mark.parametrize("new", ["id: a b", "title2: x"])
def test_a_folder_that_is_not_a_name_is_an_error_like_any_other(tmp_path, new):
    # The name of the folder stands in for an id that is not valid, and is not valid either.
    messages = errors(tmp_path, ("id: tiny", new), name="a b")
    about_name = ["is not a name" in text or "missing: id" in text for _, text in messages]
    assert about_name.count(True) == 1


def test_a_job_checks_a_study_again_only_if_it_has_changed(tmp_path, monkeypatch):
    checked = []
    monkeypatch.setattr(problems, "of", lambda study: checked.append(study.id) or [])
    monkeypatch.setenv(reading.CHECKED, "")
    path = write_study(tmp_path)
    reading.trust_in_jobs([path])
    assert reading.load(path).seeds == 2
    assert not checked
    path.write_text(STUDY.replace("seeds: 2", "seeds: 3"))
    assert reading.load(path).seeds == 3
    assert checked == ["tiny"]


def test_what_follows_from_a_mistake_is_not_reported(tmp_path):
    # Without its sweep, the model would also lack beta.
    [(line, message)] = errors(tmp_path, ("sweep: {beta", "sweeep: {beta"))
    assert line == line_of("name: beta_vae")
    assert "did you mean 'sweep'?" in message


def test_the_line_of_a_model_after_one_that_is_not_valid(tmp_path):
    text = STUDY.replace(
        "  - {name: beta_vae, sweep: {beta: [1, 4]}}\n",
        "  - {name: beta_vae, label: a, sweep: {betta: [1]}}\n"
        "  - {name: beta_vae, label: b, sweep: {beta: [1]}}\n"
        "  - {name: factor_vae, label: b, sweep: {gamma: [1]}}\n",
    )
    messages = errors(tmp_path, text=text)
    first = line_of("name: beta_vae")
    assert [line for line, _ in messages] == [first, first + 2]
    assert "'b' is already the name or label of a model" in messages[1][1]


def test_a_run_has_one_label(tmp_path):
    """Otherwise a label would have no runs of its own: n = 0 in all tables."""
    text = STUDY.replace(
        "  - {name: beta_vae, sweep: {beta: [1, 4]}}\n",
        "  - {name: beta_vae, sweep: {beta: [1, 4]}}\n"
        "  - {name: beta_vae, label: other, sweep: {beta: [4, 8]}}\n",
    )
    [(line, message)] = errors(tmp_path, text=text)
    assert line == 1 + line_of("name: beta_vae")
    assert "other: beta = 4 is already trained as beta_vae" in message


def test_the_line_of_a_label_that_appears_twice(tmp_path):
    # Models without a label stand before the first label.
    text = STUDY.replace(
        "  - {name: beta_vae, sweep: {beta: [1, 4]}}\n",
        "  - {name: beta_vae, sweep: {beta: [1]}}\n"
        "  - {name: beta_vae, label: a, sweep: {beta: [2]}}\n"
        "  - {name: beta_vae, label: a, sweep: {beta: [3]}}\n",
    )
    [(line, message)] = errors(tmp_path, text=text)
    assert line == line_of("name: beta_vae") + 2
    assert "'a' is already the name or label" in message


@pytest.mark.parametrize("rule", RULES)
def test_a_study_cannot_be_called_like_a_rule(tmp_path, rule):
    [(line, message)] = errors(tmp_path, ("id: tiny", f"id: {rule}"), name=rule)
    assert line == 1
    assert f"{rule} is a rule of the workflow" in message


def test_the_rules_are_those_of_the_workflow(root):
    rules = set()
    for path in [root / "workflow" / "Snakefile", *root.glob("workflow/rules/*.smk")]:
        for line in path.read_text().splitlines():
            if line.startswith("rule ") and line.endswith(":"):
                rules.add(line.removeprefix("rule ").removesuffix(":"))
    assert rules == set(RULES)


def test_a_hyper_parameter_may_be_given_by_each_scale_alone(tmp_path):
    scales = "smoke: {description: x, models: {beta_vae: {fixed: {beta: 4}}}}"
    text = STUDY.replace(", sweep: {beta: [1, 4]}", "")
    path = write_study(tmp_path, text.replace("smoke: {description: everything}", scales))
    assert reading.load(path).id == "tiny"
    other = text.replace(
        "smoke: {description: everything}", f"{scales}\n  desk: {{description: y}}"
    )
    [(_, message)] = errors(tmp_path, text=other)
    assert message.endswith("add them under sweep or fixed: beta (at scale desk)")


def test_a_score_of_a_snapshot_may_be_named(tmp_path):
    text = STUDY.replace("lr: 0.0001}", "lr: 0.0001}, snapshots: {every: 4}")
    named = text.replace(
        "title: Scores}", "title: Scores, metrics: [mig.mig@step_8, mig.mig@best]}"
    )
    assert reading.load(write_study(tmp_path, named)).id == "tiny"
    other = text.replace("title: Scores}", "title: Scores, metrics: [mig.mig@step_7]}")
    [(_, message)] = errors(tmp_path, text=other)
    assert (
        "no variation of tiny 'step_7'; did you mean 'step_8'? There are: best, step_4, step_8"
        in message
    )


def test_a_metric_whose_file_is_wrong_is_an_error_of_its_study(tmp_path, monkeypatch):
    from facsimile.foundation import discover

    paper = tmp_path / "tiny"
    (paper / "metrics").mkdir(parents=True)
    (paper / "metrics" / "half_done.py").write_text("SCORES = {")
    monkeypatch.setenv(discover.OUTSIDE, "")
    write_study(tmp_path)
    discover.use_papers([tmp_path])
    try:
        text = STUDY.replace("[mig, modularity]", "[mig, half_done]")
        messages = errors(tmp_path, text=text)
    finally:
        discover.use_papers([])
    assert any("half_done.py:1: not valid Python" in message for _, message in messages)


@pytest.mark.parametrize("path", sorted(PAPERS.glob("*/study.yaml")), ids=lambda p: p.parent.name)
def test_shipped_studies_have_no_mistake(path):
    study = reading.load(path)
    assert problems.of(study) == []
    published.check(path.parent, study)


def test_every_line_of_published_numbers_is_checked_before_any_job(tmp_path):
    study = reading.load(write_study(tmp_path))
    lines = [
        HEADER,
        'table1,toy,beta_vae,"{""beta"":4}",mig.mig,mean,0.1,,p. 1,printed',
        "table1,toy,beta_vae,beta=1,mig.mig,mean,0.1,,p. 1,printed",
        'table1,toy,beta_vae,"{""beta"":""4""}",mig.mig,mean,0.1,,p. 1,printed',
        "table1,toy,beta_vae,,mig.migg,mean,0.1,,p. 1,printed",
        "table1,toi,beta_vae,,mig.mig,mean,0.1,,p. 1,printed",
    ]
    path = tmp_path / "tiny" / published.FILE
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(FileErrors) as raised:
        published.check(tmp_path / "tiny", study)
    messages = [str(error).removeprefix(f"{path}:") for error in raised.value.errors]
    assert [text.partition(":")[0] for text in messages] == ["3", "4", "5", "6"]
    assert "write JSON" in messages[0]
    assert 'beta is "4"; write a number' in messages[1]
    assert "no score of mig 'migg'" in messages[2]
    assert "did you mean 'toy'" in messages[3]
