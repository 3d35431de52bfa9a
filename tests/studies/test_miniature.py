"""A scale may use data sets that stand in for those of the study."""

from project import PAPERS

from facsimile.studies import reading, runs


def test_runs_of_stand_ins_have_no_published_number():
    study = reading.load(PAPERS / "locatello2019" / "study.yaml")
    expanded = [run for run in runs.expand(study, "miniature") if not run.control]
    worlds = {run.dataset for run in expanded}
    assert worlds == set(study.scales["miniature"].datasets)
    assert not worlds & set(study.datasets)
    assert {run.number for run in expanded} == {None}
    assert len(expanded) == len(worlds) * 6 * 6 * 5
