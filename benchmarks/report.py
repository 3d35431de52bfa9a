"""Time a report of the whole study: 12,600 runs with 40 made-up scores each, in a real browser.

    python benchmarks/report.py [FOLDER]

Writes the report to FOLDER (default: a temporary one) as ``facsimile report`` does, opens it from
disk in headless Chromium, and prints seconds and megabytes. Needs Chromium, and the npm registry if
the packages are not in FOLDER/web.
"""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright

from facsimile import report
from facsimile.foundation import discover
from facsimile.planning.workspace import load as load_workspace
from facsimile.scoring import collect

SCORES = 40
FILTER = """async (words) => {
  const field = document.querySelector("#filters [name=words]");
  const began = performance.now();
  field.value = words;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  const before = document.querySelector("#counted").textContent;
  while (document.querySelector("#counted").textContent === before)
    await new Promise(requestAnimationFrame);
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - began;
}"""
SORT = """async () => {
  const began = performance.now();
  await facsimile.table.widget.setSort("s5", "desc");
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - began;
}"""


def scores(runs: pd.DataFrame) -> pd.DataFrame:
    """Made-up values of 40 scores for every run."""
    named = [
        (m, s)
        for m in discover.names("metrics")
        for s in getattr(discover.module("metrics", m), "SCORES", {})
    ][:SCORES]
    rng = np.random.default_rng(0)
    settings = {
        "convention": "dlib",
        "n_train": 10_000,
        "n_test": 5_000,
        "evaluation_seed": 0,
        "seconds": 1.0,
        "versions": "none",
    }
    identity = runs[list(collect.IDENTITY)]
    blocks = [
        identity.assign(
            metric=m,
            score=s,
            result=rng.random(len(runs)),
            code="0",
            representation="mean",
            **settings,
        )
        for m, s in named
    ]
    return pd.concat(blocks, ignore_index=True)


def written(folder: Path) -> tuple[Path, float]:
    """Write the report of the made-up scores; returns its page and the seconds it took."""
    workspace = load_workspace(scale="paper", results=folder)
    study = workspace.study("locatello2019")
    runs = collect.runs_table(workspace, study).assign(state="done")
    target = workspace.paths.study(study.id, "paper")
    target.mkdir(parents=True, exist_ok=True)
    runs.to_parquet(target / "runs.parquet")
    scores(runs).to_parquet(target / "scores.parquet")
    began = time.perf_counter()
    index = report.write(workspace, study.id, print)
    return index, time.perf_counter() - began


def measured(page: Page, index: Path) -> dict[str, float]:
    """Seconds until the page is ready and until a filter or a sort is shown; heap in megabytes."""
    began = time.perf_counter()
    page.goto(index.as_uri())
    page.wait_for_function("document.documentElement.dataset.ready === 'true'", timeout=120_000)
    times = {"ready s": time.perf_counter() - began}
    times["filter to 1,800 runs s"] = page.evaluate(FILTER, "cars3d") / 1000
    times["filter to 1 run s"] = page.evaluate(FILTER, "cars3d dip_vae_ii/ /49 3599") / 1000
    times["no filter s"] = page.evaluate(FILTER, "") / 1000
    times["sort s"] = page.evaluate(SORT) / 1000
    times["rows in the document"] = page.locator(
        "#table .tabulator-tableholder .tabulator-row"
    ).count()
    times["heap MB"] = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
    return times


def main() -> None:
    """Print the measurements as JSON."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        index, seconds = written(folder)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
            times = measured(context.new_page(), index)
            browser.close()
        size = sum(path.stat().st_size for path in (index.parent / "data").rglob("*")) / 1e6
        print(json.dumps({"write s": seconds, "data MB": size} | times, indent=1))


if __name__ == "__main__":
    main()
