"""What this processor is and can do, as the kernel reports it; imports no torch."""

import os
import platform


def name() -> str:
    """Return the model of the processor."""
    for line in _cpuinfo():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def has_flag(flag: str) -> bool:
    """Whether the processor has a feature, by its name in /proc/cpuinfo."""
    flags = [line.split() for line in _cpuinfo() if line.startswith("flags")]
    return any(flag in words for words in flags)


def is_x86() -> bool:
    """Whether the processor executes x86 instructions."""
    return platform.machine().lower() in ("x86_64", "amd64")


def has_bf16() -> bool:
    """Whether products in bfloat16 are fast: torch uses AVX-512 and the processor has its bf16.

    ``ATEN_CPU_CAPABILITY`` limits what torch uses.
    """
    allowed = os.environ.get("ATEN_CPU_CAPABILITY", "avx512")
    return allowed == "avx512" and has_flag("avx512_bf16")


def _cpuinfo() -> list[str]:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return file.read().splitlines()
    except FileNotFoundError:  # not Linux: no flags are known
        return []
