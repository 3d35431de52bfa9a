"""Tensors on a GPU that does not exist: they have a shape, a type and a device, but no values.

``load`` must be called before torch is imported. ``Watch`` lists what a GPU would make the host
wait for, and what a CUDA graph cannot contain.
"""

import ctypes
import importlib.util
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

SOURCE = Path(__file__).with_name("fake_cuda.cpp")


def why_not() -> str | None:
    """Why such tensors cannot be used here; None if they can."""
    import torch

    if torch.cuda.is_available():
        return "there is a GPU, on which the tests of packs run"
    if torch.version.cuda is None and shutil.which("g++") is None:
        return "no g++, which compiles fake_cuda.cpp for the CPU build of PyTorch"
    return None


def build(folder: Path) -> Path:
    """Compile fake_cuda.cpp against the installed PyTorch."""
    torch = Path(importlib.util.find_spec("torch").origin).parent
    library = folder / "fake_cuda.so"
    command = ["g++", "-std=c++20", "-shared", "-fPIC", f"-I{torch}/include", str(SOURCE)]
    command += [f"-L{torch}/lib", "-ltorch_cpu", "-lc10", f"-Wl,-rpath,{torch}/lib"]
    subprocess.run([*command, "-o", str(library)], check=True)
    return library


def load(library: Path) -> None:
    """Load the compiled library; torch must not have been imported yet."""
    ctypes.CDLL(str(library))


class Observed:
    """What a stage did: ``waits`` of the host for the device, and ``forbidden`` in a CUDA graph.

    ``captures`` and ``replays`` count those of graphs.
    """

    def __init__(self) -> None:
        self.capturing = False
        self.reset()

    def reset(self) -> None:
        """Forget everything, before the next stage."""
        self.waits: list[str] = []
        self.forbidden: list[str] = []
        self.captures = 0
        self.replays = 0


# Operations whose sums have a random order on a GPU, so that bits would differ between runs.
RANDOM_ORDER = (
    "scatter_add",
    "scatter_reduce",
    "index_add",
    "index_put",
    "_index_put_impl_",
    "embedding_dense_backward",
    "grid_sampler_2d_backward",
    "bincount",
    "histc",
)


def watch(observed: Observed):
    """A dispatch mode that notes waits and forbidden operations; enter it inside FakeTensorMode."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            operation = func.overloadpacket.__name__
            tensors = [a for a in tree_leaves((args, kwargs)) if isinstance(a, torch.Tensor)]
            on = {tensor.device.type for tensor in tensors}
            if operation == "_local_scalar_dense" and "cuda" in on:
                observed.waits.append("item")
            result = func(*args, **kwargs)
            target = result.device.type if isinstance(result, torch.Tensor) else None
            if operation in ("_to_copy", "copy_") and {target, *on} == {"cpu", "cuda"}:
                note_copy(operation, target, args, kwargs)
            if observed.capturing:
                note_in_graph(operation, func, args)
            return result

    def note_copy(operation, target, args, kwargs):
        source = args[1] if operation == "copy_" else args[0]
        asynchronous = kwargs.get("non_blocking", False) or (len(args) > 2 and args[2])
        pinned = getattr(source, "rehearsed_as_pinned", False)
        if not (target == "cuda" and asynchronous and pinned):
            observed.waits.append(f"copy to {target}")
        if observed.capturing:
            observed.forbidden.append(f"copy to {target}")

    def note_in_graph(operation, func, args):
        if torch.Tag.nondeterministic_seeded in func.tags:
            observed.forbidden.append(f"random numbers of torch: {operation}")
        adds = operation not in ("index_put", "_index_put_impl_") or args[3:] == (True,)
        if operation.rstrip("_") in {name.rstrip("_") for name in RANDOM_ORDER} and adds:
            observed.forbidden.append(f"sums in random order: {operation}")

    return Watch()


class Graph:
    """Stands in for torch.cuda.CUDAGraph."""

    def __init__(self, observed: Observed) -> None:
        self._found = observed

    def replay(self) -> None:
        self._found.replays += 1


@contextmanager
def capture(observed: Observed):
    """Stand in for torch.cuda.graph."""
    observed.captures += 1
    observed.capturing = True
    before = len(observed.waits)
    yield
    observed.capturing = False
    observed.forbidden += observed.waits[before:]


def move(module, *args, memory_format=None, **kwargs):
    """Stand in for Module.to, which cannot replace the parameters of fake tensors."""
    import torch

    for part in module.modules():
        for group in (part._parameters, part._buffers):
            for name, value in group.items():
                if value is None:
                    continue
                # As in Module.to, only tensors of four axes have channels.
                layout = memory_format if value.dim() == 4 else torch.preserve_format
                layout = layout or torch.preserve_format
                moved = value.detach().to(*args, memory_format=layout, **kwargs)
                if group is part._parameters:
                    moved = torch.nn.Parameter(moved, value.requires_grad)
                group[name] = moved
    return module


@contextmanager
def gpu(observed: Observed):
    """A process in which PyTorch takes a GPU for granted; what it does is noted in ``found``."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

    plain_numpy = torch.Tensor.numpy

    def numpy(tensor, **kwargs):
        if not isinstance(tensor, FakeTensor):
            return plain_numpy(tensor, **kwargs)
        if tensor.device.type != "cpu":
            raise TypeError(f"can't convert {tensor.device} device type tensor to numpy")
        return _values(tensor)

    def tolist(tensor):
        if tensor.device.type == "cuda":
            observed.waits.append("tolist")
        return _values(tensor).tolist()

    def pin_memory(tensor, *_):
        tensor.rehearsed_as_pinned = True
        return tensor

    patches = {
        "Tensor.numpy": numpy,
        "_subclasses.fake_tensor.FakeTensor.tolist": tolist,
        "Tensor.pin_memory": pin_memory,
        "nn.Module.to": move,
        "cuda.is_bf16_supported": lambda *_, **__: True,
        "cuda.amp.common.amp_definitely_not_available": lambda: False,
        "cuda.mem_get_info": lambda *_: (2**36, 2**37),
        "cuda.Stream": mock.MagicMock(),
        "cuda.current_stream": mock.MagicMock(),
        "cuda.stream": mock.MagicMock(),
        "cuda.CUDAGraph": lambda: Graph(observed),
        "cuda.graph": lambda _: capture(observed),
        "compile": lambda program, **_: program,
    }
    mode = FakeTensorMode()
    with ExitStack() as stack:
        for name, replacement in patches.items():
            stack.enter_context(mock.patch(f"torch.{name}", replacement))
        stack.enter_context(mode)
        stack.enter_context(watch(observed))
        yield


def _values(tensor):
    """An array of the tensor's shape, as it has no values: true or zero."""
    import numpy as np

    kind = str(tensor.dtype).removeprefix("torch.")
    fill = np.ones if kind == "bool" else np.zeros
    return fill(tuple(tensor.shape), kind)
