"""Attention over sets: PyTorch's transformer layers with starting values from the run's seed.

There are no positional codes, so that a permutation of the tokens permutes the outputs.
"""

import math

import torch
from torch import Tensor, nn

from facsimile.models.base import mlp, rng


def cross_attention(
    width: int,
    heads: int,
    layers: int,
    feed_forward: int,
) -> nn.TransformerDecoder:
    """Create layers in which tokens attend to each other, then to a memory.

    Each is self-attention, cross-attention and a network of one hidden layer with GELU, each added
    to its input and followed by a layer normalisation (Vaswani et al. 2017, "Attention is all you
    need", without dropout). The module takes tokens [b, k, width] and a memory [b, m, width], and
    returns tokens.

    Args:
        width: size of a token.
        heads: heads of each attention; they divide ``width``.
        layers: number of layers.
        feed_forward: units of the hidden layer.

    Raises:
        ValueError: the heads do not divide the width.
    """
    check(width, heads)
    layer = nn.TransformerDecoderLayer(
        width,
        heads,
        feed_forward,
        dropout=0.0,
        activation="gelu",
        batch_first=True,
    )
    return nn.TransformerDecoder(layer, layers)


def self_attention(
    width: int,
    heads: int,
    layers: int,
    feed_forward: int,
) -> nn.TransformerEncoder:
    """Create layers in which tokens attend to each other.

    They are those of ``cross_attention`` without its second step. The module takes tokens
    [b, k, width] and, as ``mask``, which of them do not attend to which, and returns tokens.

    Args:
        width: size of a token.
        heads: heads of each attention; they divide ``width``.
        layers: number of layers.
        feed_forward: units of the hidden layer.

    Raises:
        ValueError: the heads do not divide the width.
    """
    check(width, heads)
    layer = nn.TransformerEncoderLayer(
        width,
        heads,
        feed_forward,
        dropout=0.0,
        activation="gelu",
        batch_first=True,
    )
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


def hidden_queries(
    observed: int,
    queries: int,
) -> Tensor:
    """Return the mask [k, k] with which no token attends to a query except the query itself.

    Observed tokens come first. True means that the token of the row does not attend to that of the
    column, as in ``nn.MultiheadAttention``.

    Args:
        observed: number of observed tokens, to which all attend.
        queries: number of tokens after them.
    """
    k = observed + queries
    mask = torch.ones((k, k), dtype=torch.bool)
    mask[:, :observed] = False
    return mask.fill_diagonal_(False)


def check(
    width: float,
    heads: float,
) -> None:
    """Raise ValueError if the heads do not divide the width."""
    if width % heads:
        raise ValueError(f"{heads:g} heads do not divide the width {width:g}; choose a multiple")


@torch.no_grad()
def initialise(
    module: nn.Module,
    seed: int,
    group: str,
) -> None:
    """Initialise a network with attention as PyTorch does.

    Dense layers are uniform on ±1/√inputs. The matrices of queries, keys and values are Xavier
    uniform, as one matrix; biases of attention start at 0, layer normalisations at the identity.

    Args:
        module: network to initialise in place.
        seed: seed of the run.
        group: name of the group of parameters.
    """
    mlp.initialise(module, seed, group)
    attentions = [layer for layer in module.modules() if isinstance(layer, nn.MultiheadAttention)]
    for index, attention in enumerate(attentions):
        weight = attention.in_proj_weight
        limit = math.sqrt(6 / sum(weight.shape))
        drawn = rng.uniforms_for(seed, index, f"init:{group}:attention", weight.shape)
        weight.copy_((2 * drawn - 1) * limit)
        attention.in_proj_bias.zero_()
        attention.out_proj.bias.zero_()


@torch.no_grad()
def silence(stack: nn.TransformerDecoder | nn.TransformerEncoder) -> None:
    """Set to 0 what self-attention and the hidden layers add to tokens, in place.

    At the start, a token then depends on itself alone, and on the memory if there is one.
    """
    kinds = nn.TransformerDecoderLayer, nn.TransformerEncoderLayer
    for layer in stack.layers:
        assert isinstance(layer, kinds)
        for dense in (layer.linear2, layer.self_attn.out_proj):
            dense.weight.zero_()
            dense.bias.zero_()
