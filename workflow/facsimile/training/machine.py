"""What this machine can do, and what is recorded of it with every run."""

import os
import platform
import socket
from dataclasses import dataclass
from typing import Any

import torch

from facsimile.foundation import provenance
from facsimile.planning.config import Config


@dataclass(frozen=True)
class Execution:
    """How runs are made on this machine: ``serial`` or ``packed``, device, precision; ``pack`` and ``compiled`` if packed."""

    name: str
    device: str
    precision: str
    pack: int = 1
    compiled: bool = False


def execution(config: Config) -> Execution:
    """What the configuration asks for, ``auto`` being decided by the device that is found.

    Raises ValueError for a device that is not there, and for a choice that this machine or execution does not have.
    """
    if config.execution == "serial" and config.device == "cuda":
        raise ValueError(
            "execution: serial runs on the processor; for a GPU set execution: packed, with pack: 1 if need be"
        )
    found = device(config.device)
    name = (
        config.execution
        if config.execution != "auto"
        else ("packed" if found == "cuda" else "serial")
    )
    if name == "serial":
        return Execution(name, "cpu", precision(config.precision, "cpu"))
    return Execution(
        name,
        found,
        precision(config.precision, found),
        config.pack,
        config.compile and found == "cuda",
    )


def plain() -> Execution:
    """One run at a time, in float32, on the processor: how models too small for anything else are made and asked."""
    return Execution("serial", "cpu", "float32")


def encoding(config: Config) -> Execution:
    """How latents are inferred: one model at a time, on the device and with the precision of training.

    tf32 is for training: its latents are inferred in float32.
    """
    found = "cpu" if config.execution == "serial" else device(config.device)
    wanted = "float32" if config.precision == "tf32" else config.precision
    return Execution("serial", found, precision(wanted, found))


def device(wanted: str) -> str:
    """``auto`` becomes ``cuda`` where torch finds a GPU, else ``cpu``; raises ValueError for a GPU that is not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device: cuda, but torch {torch.__version__} finds no GPU here; set device: auto, or ask the cluster for a GPU "
            "(set-resources in profiles/slurm/profile.yaml)"
        )
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def precision(wanted: str, on: str = "cpu") -> str:
    """``auto`` becomes ``bf16`` where the device multiplies bfloat16 itself, else ``float32``; others stay as they are.

    Raises ValueError for tf32 on a processor, which has no such products.
    """
    if wanted == "tf32" and on == "cpu":
        raise ValueError("precision: tf32 is a GPU's; on a processor set float32, bf16 or auto")
    if wanted != "auto":
        return wanted
    return (
        "bf16"
        if (
            torch.cuda.is_bf16_supported(including_emulation=False) if on == "cuda" else _cpu_bf16()
        )
        else "float32"
    )


def _cpu_bf16() -> bool:
    capable = getattr(torch.backends.cpu, "get_cpu_capability", lambda: "")()
    return (
        torch.ops.mkldnn._is_mkldnn_bf16_supported()
        and "AVX512" in capable
        and _flag("avx512_bf16")
    )


def one_thread() -> None:
    """One thread a process: two on a busy core were 40 times slower, and one process a core is faster than two threads."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


def execution_facts(how: Execution) -> dict[str, Any]:
    """How a run was executed: execution, device, precision, threads, host and versions."""
    cuda = (
        {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
        if how.device == "cuda"
        else {}
    )
    packed = {"pack": how.pack, "compiled": how.compiled} if how.name == "packed" else {}
    return {
        "execution": how.name,
        **packed,
        "device": torch.cuda.get_device_name() if how.device == "cuda" else "cpu",
        "processor": _processor(),
        "precision": how.precision,
        "threads": torch.get_num_threads(),
        "host": socket.gethostname(),
        "job": os.environ.get("SLURM_JOB_ID"),
        "versions": provenance.versions("facsimile", "numpy", "torch") | cuda,
    }


def _processor() -> str:
    for line in _cpuinfo():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _flag(name: str) -> bool:
    return any(name in line.split() for line in _cpuinfo() if line.startswith("flags"))


def _cpuinfo() -> list[str]:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return file.read().splitlines()
    except FileNotFoundError:  # not Linux: no flags are known, so float32 is used
        return []
