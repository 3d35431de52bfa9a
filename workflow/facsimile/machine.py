"""What this machine can do, and what is recorded of it with every run."""

import os
import platform
import socket
from typing import Any

import torch

from facsimile import provenance


def precision(wanted: str) -> str:
    """``auto`` becomes ``bf16`` where the processor multiplies bfloat16 itself, else ``float32``; others stay as they are."""
    if wanted != "auto":
        return wanted
    capable = getattr(torch.backends.cpu, "get_cpu_capability", lambda: "")()
    native = torch.ops.mkldnn._is_mkldnn_bf16_supported() and "AVX512" in capable and _flag("avx512_bf16")
    return "bf16" if native else "float32"


def one_thread() -> None:
    """One thread a process: two on a busy core were 40 times slower, and one process a core is faster than two threads."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


def describe(used_precision: str) -> dict[str, Any]:
    """How a run was executed: execution, device, precision, threads, host and versions."""
    return {
        "execution": "serial",
        "device": "cpu",
        "processor": _processor(),
        "precision": used_precision,
        "threads": torch.get_num_threads(),
        "host": socket.gethostname(),
        "job": os.environ.get("SLURM_JOB_ID"),
        "versions": provenance.versions("facsimile", "numpy", "torch"),
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
