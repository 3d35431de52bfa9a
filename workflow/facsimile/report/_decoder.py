"""Exports a trained decoder to ONNX, directly from its layers and weights.

Decoders use few operators, so no tracer is needed. ONNX's ConvTranspose and Gemm compute what
PyTorch's layers do (https://onnx.ai/onnx/operators); pads are (top, left, bottom, right).
"""

from collections.abc import Callable, Iterable
from typing import Any

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

OPSET = 17
IR = 8
Node = tuple[str, dict[str, Tensor], dict[str, Any]]  # operator, weights in order, attributes


def export(layers: Iterable[nn.Module], latents: int) -> bytes:
    """Export the layers of a decoder to ONNX.

    The network maps codes [n, latents], float32, to means of the pixels [n, c, h, w] in [0, 1].

    Raises TypeError for a layer whose ONNX operator is not known here.
    """
    nodes, weights = [], []
    name = "codes"
    for position, layer in enumerate(layers):
        operator, parameters, attributes = _node(layer)
        inputs = [name]
        for key, tensor in parameters.items():
            values = tensor.detach().cpu().contiguous()
            weight = numpy_helper.from_array(values.numpy(), f"{position}.{key}")
            weights.append(weight)
            inputs.append(f"{position}.{key}")
        name = f"{position}.output"
        node = helper.make_node(operator, inputs, [name], **attributes)
        nodes.append(node)
    # The page asks for this name.
    nodes[-1].output[0] = "pixels"
    return _serialised(nodes, weights, latents)


def _serialised(nodes: list[Any], weights: list[Any], latents: int) -> bytes:
    """A checked ONNX model of these nodes."""
    float32 = TensorProto.FLOAT
    codes = helper.make_tensor_value_info("codes", float32, ["n", latents])
    pixels = helper.make_tensor_value_info("pixels", float32, ["n", "c", "h", "w"])
    graph = helper.make_graph(
        nodes,
        "decoder",
        inputs=[codes],
        outputs=[pixels],
        initializer=weights,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="facsimile",
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _node(layer: nn.Module) -> Node:
    """The ONNX operator of one layer."""
    for kind, make in OPERATORS.items():
        if isinstance(layer, kind):
            return make(layer)
    raise TypeError(
        f"{type(layer).__name__}: no ONNX operator is known for this layer;"
        " add it to report/_decoder.py"
    )


def _parameters(layer: nn.Module) -> dict[str, Tensor]:
    return dict(layer.named_parameters())


def _transposed(layer: nn.ConvTranspose2d) -> Node:
    assert not isinstance(layer.padding, str)
    attributes = {
        "kernel_shape": list(layer.kernel_size),
        "strides": list(layer.stride),
        "dilations": list(layer.dilation),
        "group": layer.groups,
        "pads": [*layer.padding, *layer.padding],
        "output_padding": list(layer.output_padding),
    }
    return "ConvTranspose", _parameters(layer), attributes


def _reshape(layer: nn.Unflatten) -> Node:
    # -1 stands for the batch.
    sizes = [-1, *(int(size) for size in layer.unflattened_size)]
    return "Reshape", {"shape": torch.tensor(sizes)}, {}


OPERATORS: dict[type, Callable[..., Node]] = {
    # nn.Linear stores its weight as [out, in].
    nn.Linear: lambda layer: ("Gemm", _parameters(layer), {"transB": 1}),
    nn.ReLU: lambda layer: ("Relu", {}, {}),
    nn.Unflatten: _reshape,
    nn.ConvTranspose2d: _transposed,
    nn.Sigmoid: lambda layer: ("Sigmoid", {}, {}),
}
