"""XYSquares with its places 1 pixel apart (Michlo et al. 2023, Fig. 9)."""

from facsimile.datasets.xy_squares import XYSquares


class XYSquares1(XYSquares):
    """Squares that overlap their own nearest places by 7 of 8 pixels, so that a reconstruction loss sees how far they are."""

    name = "xy_squares_1"
    spacing = 1
