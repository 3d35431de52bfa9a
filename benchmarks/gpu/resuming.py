"""A job that was killed and started again, against one that was not."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from facsimile.planning import config
from facsimile.planning.workspace import Workspace
from facsimile.store import records
from facsimile.studies.runs import Shard
from facsimile.training import train_shard
from gpu.check import NO_TIME, Check, Row
from gpu.small_runs import equal, small_run, small_workspace

COMMAND = Path(__file__).parent.parent / "gpu_check.py"


def resumed(check: Check) -> Iterator[Row]:
    """A job that was killed and started again stores the same bits as one that was not."""
    steps, every = (3000, 500) if check.on_gpu else (120, 20)
    if check.left() < 0:
        yield {"not_done": NO_TIME}
        return
    folders = {name: check.out / f"resume-{name}" for name in ("killed", "whole")}
    for folder in folders.values():
        subprocess.run(["rm", "-rf", str(folder)], check=True)
    killed = _worker(check, folders["killed"], steps, every)
    run = small_run("beta_vae", 0, steps)
    in_store = Workspace(config.check({"results": folders["killed"]})).paths.run(run.key)
    while killed.poll() is None and not list(in_store.glob("checkpoint*")) and check.left() > 0:
        time.sleep(0.005)
    killed.kill()
    killed.wait()
    was_killed = killed.returncode == -signal.SIGKILL and records.record(in_store) is None
    for folder in folders.values():
        worker = _worker(check, folder, steps, every)
        try:
            status = worker.wait(timeout=max(check.left(), 0))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
            yield {"not_done": NO_TIME}
            return
        if status:
            yield {"ok": False, "problem": f"the job ended with status {status}"}
            return
    weights = []
    for folder in folders.values():
        paths = Workspace(config.check({"results": folder})).paths
        weights.append(records.weights(paths.run(run.key)))
    sessions = records.record(in_store)["sessions"]
    if not was_killed:
        yield {"not_done": "the job ended before it could be killed"}
    yield {"resumed_at": sessions[-1]["from"], "ok": equal(*weights)}


def _worker(check: Check, folder: Path, steps: int, every: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, str(COMMAND), "--worker", str(folder), str(steps), str(every)]
    return subprocess.Popen([*command, "--device", check.device.type])


def work(folder: str, steps: str, every: str, device: str) -> None:
    """Train two small runs in a pack: the job that is killed."""
    workspace = small_workspace(Path(folder), device, 2, checkpoint_steps=int(every), compile=False)
    members = tuple(small_run("beta_vae", seed, int(steps)) for seed in (0, 1))
    train_shard.train_shard(workspace, Shard("toy", "beta_vae", members), lambda line: None)
