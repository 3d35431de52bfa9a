"""The cuts that are applied to a trained model of pictures, by name."""

import itertools

from facsimile.papers.ccgm import structural
from facsimile.papers.ccgm.structural import Edge, Floats

KEPT, HALVED, CUT, ALL_CUT = CUTS = ("kept", "halved", "cut", "all_cut")
STRENGTHS = {KEPT: 1.0, HALVED: 0.5, CUT: 0.0}


def factors_of(
    cut: str,
    edge: Edge,
    size: int,
) -> Floats:
    """Return the factor of each edge's weight [size, size].

    Args:
        cut: one of ``CUTS``; ``all_cut`` cuts every edge, the others only ``edge``.
        edge: (cause, effect).
        size: number of concepts.
    """
    if cut == ALL_CUT:
        concepts = range(size)
        all_edges = list(itertools.product(concepts, concepts))
        return structural.factors(size, all_edges, 0.0)
    return structural.factors(size, [edge], STRENGTHS[cut])
