"""The target of a single table computes only its scores; the study then computes the others."""

import pandas as pd
import pytest
from project import STUDY, Project, write_study

pytestmark = pytest.mark.slow

DONE: dict[str, int] = {}  # nothing to do
NARROW = STUDY.replace(
    "{kind: scores, title: Scores}", "{kind: scores, title: Scores, metrics: [mig.mig]}"
)


def stored(project):
    """File of each metric of each run -> time of its last change."""
    paths = project.folder.glob("results/runs/*/*/*/*/scores/*.json")
    return {path: path.stat().st_mtime_ns for path in paths}


def gathered(project):
    scores = pd.read_parquet(project.folder / "results/studies/tiny/smoke/scores.parquet")
    return set(scores["metric"])


def test_a_table_then_the_study_then_the_table_again(tmp_path):
    project = Project.create(tmp_path / "project")
    write_study(project.papers, NARROW)
    project.snakemake("tiny_table1")
    of_table = stored(project)
    assert {path.name.partition("-")[0] for path in of_table} == {"mig"}
    assert gathered(project) == {"mig"}
    assert project.jobs("tiny_table1") == DONE

    project.snakemake("tiny")
    of_study = stored(project)
    assert len(of_study) == 2 * len(of_table)
    assert of_table.items() <= of_study.items()
    assert gathered(project) == {"mig", "modularity"}
    assert project.jobs("tiny") == DONE
    # Making the table again removes nothing that is gathered.
    assert project.jobs("tiny_table1") == DONE
    (project.folder / "results/studies/tiny/smoke/tables/table1.csv").unlink()
    assert project.jobs("tiny_table1") == {"table": 1, "tiny_table1": 1}
