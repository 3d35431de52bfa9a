"""What the processor can do, and which of it NumPy and PyTorch use."""

import os
import platform
from pathlib import Path

FLAGS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16")


def described() -> str:
    """Model, cores of this process and instructions, and the instructions that libraries chose."""
    # Imported here, as most runs of a single test need neither.
    import torch
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    info = Path("/proc/cpuinfo")
    fields = (
        [line.partition(":") for line in info.read_text().splitlines()] if info.exists() else []
    )
    facts = {name.strip(): value.strip() for name, _, value in fields}
    flags = [flag for flag in FLAGS if flag in facts.get("flags", "").split()]
    return "\n".join(
        [
            f"model   {facts.get('model name', platform.machine())}",
            f"cores   {len(os.sched_getaffinity(0))} of {os.cpu_count()}",
            f"flags   {' '.join(flags)}",
            f"NumPy   {' '.join(name for name in __cpu_dispatch__ if __cpu_features__[name])}",
            f"PyTorch {torch.backends.cpu.get_cpu_capability()}",
        ]
    )
