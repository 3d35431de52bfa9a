"""benchmarks/gpu_check.py on a processor: it ends in time and says what it could not do."""

import json
import os
import subprocess
import sys

import pytest

PARTS = ["device", "float64", "bits", "resumed", "agreement", "speed", "paper_runs"]


@pytest.mark.slow
def test_the_check_writes_every_part_and_says_what_is_missing(root, tmp_path):
    command = [sys.executable, root / "benchmarks" / "gpu_check.py", "--device", "cpu"]
    # A busy machine may need long for a part that has begun.
    command += ["--minutes", "0.1", "--grace", "600", "--out", tmp_path]
    environment = os.environ | {"PYTHONPATH": str(root / "workflow")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "gpu_check.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert list(dict.fromkeys(row["part"] for row in rows)) == PARTS
    assert any(row.get("ok") for row in rows)
    missing = [row["not_done"] for row in rows if "not_done" in row]
    assert "no GPU: nothing below says anything about one" in missing
    summary = done.stdout.split("0 checks failed; not done:\n")[1]
    assert len(summary.splitlines()) == len(missing)
