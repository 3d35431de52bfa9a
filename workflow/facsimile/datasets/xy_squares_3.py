"""XYSquares with its places 3 pixels apart (Michlo et al. 2023, Fig. 9)."""

from facsimile.datasets.xy_squares import XYSquares


class XYSquares3(XYSquares):
    """Squares that overlap their own nearest places by 5 of 8 pixels, so that a reconstruction loss sees how far they are."""

    name = "xy_squares_3"
    spacing = 3
