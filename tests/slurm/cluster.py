"""A real SLURM on this machine for tests, with virtual nodes and fake GPUs.

It has no munge and no database, and its files are in one folder. It is a real slurmctld with real
slurmd daemons (Debian: slurmctld, slurmd, slurm-client), so that tests need no mock of sbatch.
Several slurmd on one host need a build with MULTIPLE_SLURMD, as Debian's is. It needs root: nodes
and jobs belong to root.
"""

import ctypes
import fcntl
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil

# SLURM_CONF is not enough: the executor plugin's job step drops most SLURM_* variables before its
# inner srun.
CONFIG_FOLDER = Path("/etc/slurm")
CONFIGS = ("slurm.conf", "gres.conf", "cgroup.conf", "slurmdbd.conf")
OURS = "facsimile-test-cluster"  # the folder's name tells our links from a real cluster's
LOCK = Path("/var/lock/facsimile-test-cluster")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "sinfo", "scontrol")
PARTITION = "test"
URGENT = "urgent"  # its jobs preempt those of the other
MEMORY_MB = 20_000
# Options of snakemake: shorter waits than in profiles/slurm, since here files appear at once and
# the controller is idle.
HURRY = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "2")
NULL_DEVICE = os.makedev(1, 3)

CONFIG = """\
ClusterName=facsimile_test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
AuthInfo=cred_expire=10
CredType=cred/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=none
PropagateResourceLimits=NONE
ReturnToService=2
KillWait=5
MinJobAge=300
BatchStartTimeout=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=bf_interval=2,sched_interval=5
GresTypes=gpu
PartitionName={partition} Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName={urgent} Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
    "CPUs={cpus} RealMemory={memory} Gres=gpu:{gpus}\n"
)


def obstacle() -> str | None:
    """Why no cluster can be started here, with the remedy; None if one can."""
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        return (
            f"no {', '.join(missing)} here; on Debian: "
            "apt-get install --no-install-recommends slurmctld slurmd slurm-client"
        )
    if os.geteuid() != 0:
        return "the test cluster needs root, because its nodes run as root"
    if "SLURM_CONF" in os.environ:
        return (
            f"SLURM_CONF={os.environ['SLURM_CONF']} names another cluster; "
            "unset it to run these tests"
        )
    for name in CONFIGS:
        path = CONFIG_FOLDER / name
        if _present(path) and not _ours(path):
            return (
                f"{path} belongs to a real cluster and is left alone; "
                "run these tests on another machine"
            )
    return None


@contextmanager
def cluster(folder: Path, nodes: int = 4, cpus: int = 8, gpus: int = 2) -> Iterator["Cluster"]:
    """A running cluster, stopped at the end; waits while another test on this machine has one."""
    LOCK.touch()
    with LOCK.open() as lock:
        # The kernel releases the lock when this process ends, however it ends.
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = Cluster(folder, nodes, cpus, gpus)
        try:
            running.start()
            yield running
        finally:
            running.stop()


class Cluster:
    """slurmctld and one slurmd per node, as children of this process: they end with it."""

    def __init__(self, folder: Path, nodes: int, cpus: int, gpus: int) -> None:
        self.folder, self.cpus, self.gpus = folder / OURS, cpus, gpus
        self.nodes = [f"n{number}" for number in range(1, nodes + 1)]
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, timeout: float = 30) -> None:
        """Start all daemons and wait until all nodes are idle.

        Raises TimeoutError, with the end of the logs, if they do not become idle.
        """
        self._write()
        self._link()
        self.start_daemon("slurmctld")
        for node in self.nodes:
            self.start_daemon(node)
        self.wait(lambda: self.idle() == len(self.nodes), timeout, f"{len(self.nodes)} idle nodes")

    def stop(self) -> None:
        """Cancel all jobs, end the daemons by their process ids, remove the links in /etc/slurm."""
        try:
            if "slurmctld" in self.daemons and self.jobs():
                self.run("scancel", "--user=root")
                self.wait(lambda: not self.jobs(), 300, "an empty queue")
        finally:
            for name in list(self.daemons):
                self.stop_daemon(name)
            self._unlink()

    def start_daemon(self, name: str) -> None:
        """Start ``slurmctld``, or the slurmd of a node, as a child process in the foreground.

        It ends with the thread that started it.
        """
        command = ["slurmctld", "-D"] if name == "slurmctld" else ["slurmd", "-D", "-N", name]
        with self._output(name) as output:
            self.daemons[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=_end_with_parent,
            )

    def stop_daemon(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End one daemon: a node that dies (SIGKILL), a controller that restarts."""
        daemon = self.daemons.pop(name)
        daemon.send_signal(how)
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait(10)

    def fail_node(self, name: str) -> None:
        """Make a node lose its power: its daemon and its jobs are killed, and nobody is told."""
        self.stop_daemon(name, signal.SIGKILL)
        jobs = self.run("squeue", "-h", "-o", "%i", "-w", name).split()
        for process in _processes_of(set(jobs)):
            process.kill()

    def dead(self) -> list[str]:
        """Nodes whose daemon does not run."""
        return [node for node in self.nodes if node not in self.daemons]

    def idle(self) -> int:
        """Number of idle nodes; 0 while the controller does not answer."""
        result = subprocess.run(
            ["sinfo", "-h", "-t", "idle", "-o", "%D"], capture_output=True, text=True
        )
        return int(result.stdout.strip() or 0) if result.returncode == 0 else 0

    def add_config(self, name: str, text: str) -> None:
        """Write a configuration file where the daemons find it."""
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o600)
        self.remove_config(name)
        (CONFIG_FOLDER / name).symlink_to(self.folder / name)

    def remove_config(self, name: str) -> None:
        """Remove a configuration file that ``add_config`` wrote."""
        if _ours(CONFIG_FOLDER / name):
            (CONFIG_FOLDER / name).unlink()

    def responds(self) -> bool:
        """Whether the controller answers."""
        ping = subprocess.run(["scontrol", "ping"], capture_output=True, text=True)
        return ping.stdout.rstrip().endswith("UP")

    def jobs(self, state: str = "") -> list[str]:
        """Ids of the jobs in the queue, oldest first; of those in one state, as in ``RUNNING``."""
        chosen = ["--states", state] if state else []
        return self.run("squeue", "-h", "-o", "%i", "--sort=i", *chosen).split()

    def run(self, *command: str) -> str:
        """Output of one of SLURM's commands; raises CalledProcessError, its message on stderr."""
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def wait(self, condition: Callable[[], object], timeout: float, what: str) -> None:
        """Wait until the condition holds.

        Raises TimeoutError, which names it and shows the end of the logs.
        """
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"no {what} after {timeout} s\n{self._logs()}")
            time.sleep(0.05)

    def _write(self) -> None:
        for part in ("state", "run", "log", "dev", *(f"spool/{node}" for node in self.nodes)):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        for number in range(self.gpus):
            # A GPU that SLURM counts and allocates (CUDA_VISIBLE_DEVICES), but that cannot compute.
            os.mknod(self.folder / "dev" / f"nvidia{number}", 0o600 | stat.S_IFCHR, NULL_DEVICE)
        host = socket.gethostname().split(".")[0]
        controller_port, *ports = _free_ports(1 + len(self.nodes))
        text = CONFIG.format(
            host=host,
            controller_port=controller_port,
            folder=self.folder,
            partition=PARTITION,
            urgent=URGENT,
        )
        for name, port in zip(self.nodes, ports, strict=True):
            text += NODE.format(
                name=name, host=host, port=port, cpus=self.cpus, memory=MEMORY_MB, gpus=self.gpus
            )
        devices = f"{self.folder}/dev/nvidia[0-{self.gpus - 1}]"
        (self.folder / "slurm.conf").write_text(text)
        (self.folder / "gres.conf").write_text(
            f"NodeName={','.join(self.nodes)} Name=gpu File={devices}\n"
        )
        # SLURM 22.05 does not know "disabled".
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")

    def _link(self) -> None:
        if (reason := obstacle()) is not None:
            raise RuntimeError(reason)
        CONFIG_FOLDER.mkdir(exist_ok=True)
        # Left by a test that was killed: we hold the lock, so no other test is running.
        self._unlink()
        for name in CONFIGS:
            if (self.folder / name).exists():
                (CONFIG_FOLDER / name).symlink_to(self.folder / name)

    def _unlink(self) -> None:
        for name in CONFIGS:
            if _ours(CONFIG_FOLDER / name):
                (CONFIG_FOLDER / name).unlink()

    def _output(self, name: str) -> IO[bytes]:
        return (self.folder / "log" / f"{name}.out").open("ab")

    def _logs(self) -> str:
        logs = sorted((self.folder / "log").glob("*.log"))
        return "\n".join(f"{log.name}:\n{log.read_text()[-1500:]}" for log in logs)


def _processes_of(jobs: set[str]) -> list[psutil.Process]:
    """Processes of some jobs.

    First SLURM's own step daemons, whose title names the job, then the rest, whose environment
    names it.
    """
    steps, rest = [], []
    for process in psutil.process_iter():
        try:
            if process.name() == "slurmstepd":
                if set(re.findall(r"\[(\d+)\.", " ".join(process.cmdline()))) & jobs:
                    steps.append(process)
            elif process.environ().get("SLURM_JOB_ID") in jobs:
                rest.append(process)
        except psutil.Error:
            continue
    return steps + rest


def _present(path: Path) -> bool:
    return path.exists() or path.is_symlink()  # a broken link counts, too


def _ours(path: Path) -> bool:
    return path.is_symlink() and path.readlink().parent.name == OURS


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _end_with_parent() -> None:
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
