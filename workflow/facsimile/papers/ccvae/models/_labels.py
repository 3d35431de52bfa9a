"""Label vectors, and distributions over them.

A label vector has k entries of 0 or 1. If labels are exclusive, exactly one entry is 1, as of a
digit; there are k such vectors. Otherwise each entry is a binary label of its own, as of a face
with attributes; there are 2^k.
"""

import torch
from torch import Tensor

MOST = 8  # independent binary labels, as all 2^k vectors are enumerated


def vectors(labels: int, exclusive: bool) -> Tensor:
    """Return all label vectors, float32 [m, k].

    Raises:
        ValueError: there are more independent labels than can be enumerated.
    """
    if exclusive:
        return torch.eye(labels)
    if labels > MOST:
        raise ValueError(
            f"{labels} binary labels have 2^{labels} combinations, all of which are enumerated; "
            f"use at most {MOST} labels, or set exclusive to 1 if one of them holds at a time"
        )
    numbers = torch.arange(2**labels)
    return ((numbers[:, None] >> torch.arange(labels)) & 1).float()


def positions(
    targets: Tensor,
    exclusive: bool,
) -> Tensor:
    """Return the position in ``vectors`` of label vectors [b, k], int64 [b]."""
    if exclusive:
        return targets.argmax(1)
    powers = 2 ** torch.arange(targets.shape[1])
    return (targets.round().long().clamp(0, 1) * powers).sum(1)


def log_probabilities(
    logits: Tensor,
    vectors: Tensor,
) -> Tensor:
    """Return the logarithm of q(y) ∝ exp(logits · y) for all label vectors, [..., m].

    For exclusive labels this is the softmax of the logits. Otherwise it is the product of
    independent Bernoulli distributions with these logits.

    Args:
        logits: [..., k].
        vectors: all label vectors [m, k].
    """
    return (logits @ vectors.T).log_softmax(-1)


def over_labels(
    values: Tensor,
    log_label: Tensor,
) -> Tensor:
    """Return E_{q(y)}[value(y) - log q(y)], [b].

    If ``values`` is log p(x, y), this is a bound on log p(x), tight for q(y) = p(y | x).

    Args:
        values: a value for each label vector [b, m].
        log_label: log q(y) [b, m].
    """
    return (log_label.exp() * (values - log_label)).sum(1)
