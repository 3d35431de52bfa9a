"""Interventional Pong with few frames, for trying things out."""

from facsimile.papers.citris.datasets.interventional_pong import InterventionalPong

LABEL = "Interventional Pong, 1,000 frames"


class InterventionalPong1k(InterventionalPong):
    """A hundredth of the frames of Interventional Pong, by the same rules."""

    name = "interventional_pong_1k"
    lengths = (1_000,)
    independent = 250
