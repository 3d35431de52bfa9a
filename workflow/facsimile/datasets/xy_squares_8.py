"""XYSquares with its places 8 pixels apart (Michlo et al. 2023, Figs 9 and 11)."""

from facsimile.datasets.xy_squares import XYSquares


class XYSquares8(XYSquares):
    """The images of ``xy_squares`` by a name that says their spacing: a scale may take a part of one and all of the other."""

    name = "xy_squares_8"
    spacing = 8
