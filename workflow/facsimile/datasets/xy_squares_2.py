"""XYSquares with its places 2 pixels apart (Michlo et al. 2023, Fig. 9)."""

from facsimile.datasets.xy_squares import XYSquares


class XYSquares2(XYSquares):
    """Squares that overlap their own nearest places by 6 of 8 pixels, so that a reconstruction loss sees how far they are."""

    name = "xy_squares_2"
    spacing = 2
