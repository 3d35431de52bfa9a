"""The scores that come with Facsimile, as baselines of a model that was scored in the same way."""

import numpy as np
import pandas as pd

from facsimile.foundation import discover
from facsimile.foundation.discover import STUDY
from facsimile.planning import shipped as shipped_results
from facsimile.studies import reading
from facsimile.studies.study import CONTROLS

RUNS, SCORES = shipped_results.FILES
# Scores are compared only if all of these are the same.
SETTING = ["metric", "score", "convention", "n_train", "n_test"]
# Columns of a score's place among the baselines: how many there are, their lowest, median and
# highest value, how many have a lower value than the model, and the controls.
PLACE = ("baselines", "lowest", "median", "highest", "higher_than", *CONTROLS)


def shipped(dataset: str) -> pd.DataFrame:
    """The shipped scores of models of a whole data set, evaluated on means; one row per score.

    Columns: those of scores.parquet, ``study``, ``scale``, and ``steps`` of training. Runs on a
    sub-grid and variations of an evaluation are left out: their scores are of other points.
    """
    tables = []
    for (study, scale), folder in shipped_results.all_folders().items():
        if not _is_whole(study, scale, dataset):
            continue
        scores = pd.read_parquet(folder / SCORES)
        steps = pd.read_parquet(folder / RUNS, columns=["run", "steps"])
        is_basic = (scores["variation"] == "") & (scores["representation"] == "mean")
        chosen = scores[is_basic & (scores["dataset"] == dataset)]
        chosen = chosen.drop(columns="steps", errors="ignore").merge(steps, on="run")
        tables.append(chosen.assign(study=study, scale=scale))
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def placed(table: pd.DataFrame, baselines: pd.DataFrame) -> pd.DataFrame:
    """The scores of one model, with the columns ``PLACE``.

    ``table``: one row per score, as ``facsimile.score`` returns it. ``baselines``: what ``shipped``
    returns. Without a baseline of the same setting, ``baselines`` is 0 and the others are missing.
    """
    places = []
    groups = dict(list(baselines.groupby(SETTING))) if len(baselines) else {}
    for row in table.to_dict("records"):
        setting = tuple(row[column] for column in SETTING)
        same = groups.get(setting, pd.DataFrame())
        places.append(_place(row["value"], same))
    columns = pd.DataFrame(places, columns=list(PLACE), index=table.index)
    columns = columns.astype({"baselines": "Int64", "higher_than": "Int64"})
    return pd.concat([table, columns], axis=1)


def sources(table: pd.DataFrame, baselines: pd.DataFrame) -> str:
    """Which models the baselines of a table are: ``18 models of STUDY at scale desk, …``."""
    if baselines.empty:
        return ""
    models = baselines[~baselines["control"]]
    used = models.merge(table[SETTING].drop_duplicates(), on=SETTING)
    parts = []
    for (study, scale), rows in used.groupby(["study", "scale"]):
        steps = sorted(rows["steps"].dropna().unique())
        trained = " or ".join(f"{n:,}" for n in steps)
        parts.append(
            f"{rows['run'].nunique()} models of {study} at scale {scale}, trained for {trained} "
            "steps each"
        )
    return "; ".join(parts)


def _place(value: float, same: pd.DataFrame) -> dict[str, float]:
    """The place of a value among baselines of the same setting."""
    place: dict[str, float] = dict.fromkeys(PLACE, np.nan)
    place["baselines"] = 0
    if same.empty:
        return place
    results = same.loc[~same["control"], "result"]
    place |= {
        "baselines": len(results),
        "lowest": results.min(),
        "median": results.median(),
        "highest": results.max(),
    }
    if not np.isnan(value):
        place["higher_than"] = int((results < value).sum())
    for control in CONTROLS:
        place[control] = same.loc[same["model"] == control, "result"].mean()
    return place


def _is_whole(study: str, scale: str, dataset: str) -> bool:
    """Whether a study is here and, at a scale, uses the whole data set and not a sub-grid."""
    paper = discover.papers_in(discover.paper_folders()).get(study)
    if paper is None:
        return False
    settings = reading.load(paper / STUDY).scales.get(scale)
    return settings is not None and dataset not in settings.subgrid
