"""How this machine executes runs, and what is recorded of it with every run."""

import os
import socket
from dataclasses import dataclass
from typing import Any

import torch

from facsimile.foundation import provenance
from facsimile.planning import processor
from facsimile.planning.config import Config

Milliseconds = dict[str, float] | None  # per step, by layers; None if they were not measured


@dataclass(frozen=True)
class Execution:
    """How runs are executed: ``name`` is ``serial`` or ``packed``; with device and precision.

    ``pack`` and ``compiled`` matter for packed runs only, and ``small`` for those on a processor.
    ``layers`` matters for serial runs of models of images only: ``torch`` or ``channels_last``
    (``loop.start``).
    """

    name: str
    device: str
    precision: str
    pack: int = 1
    compiled: bool = False
    layers: str | None = None
    layers_measured: Milliseconds = None
    small: bool = False


# Runs per pack, unless the configuration says otherwise. On a processor a pack takes as long as its
# runs, so that larger ones gain little, and 10 divides the seeds of most studies.
PACK = {"cuda": 50, "cpu": 10}


def execution(config: Config, small: bool = False) -> Execution:
    """The execution that the configuration asks for.

    ``auto`` packs where there is a GPU, and packs networks that are ``small``
    (``networks.is_small``) everywhere. On a processor these are trained in float32 if the precision
    is ``auto``.

    Raises ValueError for a device that is missing, and for a choice that this machine or the
    execution does not have.
    """
    if config.execution == "serial" and config.device == "cuda":
        raise ValueError(
            "execution: serial runs on the processor; "
            "for a GPU set execution: packed, with pack: 1 if need be"
        )
    device_name = device(config.device)
    name = config.execution
    if name == "auto":
        name = "packed" if device_name == "cuda" or small else "serial"
    if name == "serial":
        chosen = precision(config.precision, "cpu", small)
        layers, milliseconds = choose_layers(config.layers, chosen)
        return Execution(
            name,
            "cpu",
            chosen,
            layers=layers,
            layers_measured=milliseconds,
        )
    precision_name = precision(config.precision, device_name, small)
    return Execution(
        name,
        device_name,
        precision_name,
        pack=config.pack or PACK[device_name],
        compiled=config.compile and device_name == "cuda",
        small=small and device_name == "cpu" and precision_name == "float32",
    )


def plain(precision: str = "float32") -> Execution:
    """One run at a time on the processor.

    This is for models of arrays: they are too small for any other execution to be faster.
    """
    return Execution("serial", "cpu", precision)


def encoding(config: Config, small: bool = False) -> Execution:
    """How latents are inferred: one model at a time, with the device and precision of training.

    Only tf32 is not used: latents of such runs are inferred in float32.
    """
    device_name = "cpu" if config.execution == "serial" else device(config.device)
    setting = "float32" if config.precision == "tf32" else config.precision
    return Execution("serial", device_name, precision(setting, device_name, small))


def device(setting: str) -> str:
    """Resolve the setting ``device``: ``auto`` is ``cuda`` if torch finds a GPU, otherwise ``cpu``.

    Raises ValueError for ``cuda`` without a GPU.
    """
    if setting == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device: cuda, but torch {torch.__version__} finds no GPU here; "
            "set device: auto, or ask the cluster for a GPU "
            "(set-resources in profiles/slurm/profile.yaml)"
        )
    return "cuda" if setting != "cpu" and torch.cuda.is_available() else "cpu"


def precision(
    setting: str,
    device_name: str = "cpu",
    small: bool = False,
) -> str:
    """Resolve the setting ``precision`` for a device.

    ``auto`` is ``bf16`` if the device has instructions for products in bfloat16, otherwise
    ``float32``; networks that are ``small`` are computed in float32 on a processor.

    Raises ValueError for tf32 on a processor, which has no such products.
    """
    if setting == "tf32" and device_name == "cpu":
        raise ValueError("precision: tf32 is a GPU's; on a processor set float32, bf16 or auto")
    if setting != "auto":
        return setting
    if device_name == "cuda":
        # Not if the GPU only emulates such products.
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        has_bf16 = _cpu_has_bf16() and not small
    return "bf16" if has_bf16 else "float32"


def choose_layers(
    setting: str,
    precision: str,
) -> tuple[str, Milliseconds]:
    """Resolve the setting ``layers``: which layers compute convolutions of serial runs.

    ``auto`` is ``channels_last`` on x86 processors, where it was faster on all that were measured
    (benchmarks/results/training-float32.md). On others a few steps of both are measured, and the
    milliseconds of each are returned, too. Raises ValueError for torch's layers in bf16, which
    has its own.
    """
    if precision == "bf16":
        if setting == "torch":
            raise ValueError("layers: torch, but bf16 has its own; set precision: float32, too")
        return "channels_last", None
    if setting != "auto":
        return setting, None
    if processor.is_x86():
        return "channels_last", None
    from facsimile.training import measure_layers

    milliseconds = measure_layers.milliseconds()
    return measure_layers.faster(milliseconds), milliseconds


def _cpu_has_bf16() -> bool:
    capability = getattr(torch.backends.cpu, "get_cpu_capability", lambda: "")()
    # torch also reports support where bfloat16 is only emulated, so the CPU's own flag counts.
    return (
        torch.ops.mkldnn._is_mkldnn_bf16_supported()
        and "AVX512" in capability
        and processor.has_flag("avx512_bf16")
    )


def one_thread() -> None:
    """Use one thread per process, unless OMP_NUM_THREADS is set.

    Two threads on a busy core were 40 times slower, and one process per core is faster than two
    threads.
    """
    threads = os.environ.get("OMP_NUM_THREADS", "1")
    torch.set_num_threads(int(threads))


def execution_facts(execution: Execution) -> dict[str, Any]:
    """What is recorded of a run's execution: device, precision, threads, host, versions, ….

    ``pack`` and ``compiled`` are recorded for packed runs only, ``small`` if it is true, ``layers``
    for serial runs of models of images, with the measured milliseconds per step if they were chosen
    by measurement.
    """
    facts: dict[str, Any] = {"execution": execution.name}
    if execution.layers:
        facts["layers"] = execution.layers
    if execution.layers_measured:
        facts["layers_measured"] = execution.layers_measured
    if execution.name == "packed":
        facts |= {"pack": execution.pack, "compiled": execution.compiled}
    if execution.small:
        facts |= {"small": True}
    on_gpu = execution.device == "cuda"
    versions: dict[str, Any] = provenance.versions("facsimile", "numpy", "torch")
    if on_gpu:
        cudnn = torch.backends.cudnn.version()
        versions = versions | {"cuda": torch.version.cuda, "cudnn": cudnn}
    return facts | {
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "processor": processor.name(),
        "precision": execution.precision,
        "threads": torch.get_num_threads(),
        "host": socket.gethostname(),
        "job": os.environ.get("SLURM_JOB_ID"),
        "versions": versions,
    }
