"""SLURM's accounting for the test cluster: MariaDB and slurmdbd, while a block runs.

Their files are in the cluster's folder. The workflow needs neither; they are here to cover the
faults of `slurm-status-command: sacct`.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .cluster import Cluster

PROGRAMS = ("mariadbd", "mariadb", "mariadb-install-db", "slurmdbd", "sacct", "sacctmgr")
SETTINGS = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
"""
NONE = "AccountingStorageType=accounting_storage/none\n"
DAEMON = """\
AuthType=auth/none
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm
"""


def obstacle() -> str | None:
    """Why there can be no accounting here, with the remedy; None if there can."""
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    remedy = "on Debian: apt-get install --no-install-recommends mariadb-server slurmdbd"
    return f"no {', '.join(missing)} here; {remedy}" if missing else None


@contextmanager
def accounting(cluster: Cluster) -> Iterator[None]:
    """The cluster with accounting while the block runs; its controller restarts at both ends."""
    folder = cluster.folder / "accounting"
    folder.mkdir()
    port, database = _free_port(), _free_port()
    store = _database(folder, database)
    text = DAEMON.format(
        host=socket.gethostname().split(".")[0], port=port, folder=folder, database=database
    )
    cluster.add_config("slurmdbd.conf", text)
    daemon = _started(folder, ["slurmdbd", "-D"])
    try:
        cluster.wait(lambda: _listens(port), 300, "slurmdbd")
        _configure(cluster, NONE, SETTINGS.format(port=port))
        cluster.wait(
            lambda: "facsimile_test" in cluster.run("sacctmgr", "-n", "-P", "list", "cluster"),
            300,
            "registered cluster",
        )
        yield
    finally:
        _configure(cluster, SETTINGS.format(port=port), NONE)
        for process in (daemon, store):
            process.terminate()
            process.wait(30)
        cluster.remove_config("slurmdbd.conf")
        shutil.rmtree(folder)


def _database(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    where = [f"--datadir={folder}/db", "--user=root"]
    install = [
        "mariadb-install-db",
        "--no-defaults",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        *where,
    ]
    subprocess.run(install, check=True, capture_output=True)
    address = [
        f"--socket={folder}/db.sock",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--pid-file={folder}/db.pid",
    ]
    running = _started(folder, ["mariadbd", "--no-defaults", *where, *address])
    grant = (
        "CREATE DATABASE slurm; CREATE USER slurm@'%' IDENTIFIED BY 'slurm'; "
        "GRANT ALL ON *.* TO slurm@'%';"
    )
    client = ["mariadb", "--no-defaults", f"--socket={folder}/db.sock", "-u", "root", "-e"]
    end = time.monotonic() + 300
    while subprocess.run([*client, "SELECT 1"], capture_output=True).returncode != 0:
        assert time.monotonic() < end, "MariaDB does not answer"
        time.sleep(0.1)
    subprocess.run([*client, grant], check=True)
    return running


def _configure(cluster: Cluster, old: str, new: str) -> None:
    path = cluster.folder / "slurm.conf"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    cluster.stop_daemon("slurmctld")
    cluster.start_daemon("slurmctld")
    cluster.wait(
        lambda: cluster.responds() and cluster.idle() == len(cluster.nodes), 300, "idle nodes"
    )


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def _started(folder: Path, command: list[str]) -> "subprocess.Popen[bytes]":
    with (folder / "daemons.log").open("ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
