"""MNIST's 60,000 training images."""

from facsimile.datasets import _mnist


class MNISTTraining(_mnist.MNIST):
    """The training images and their digits; ``mnist_test`` has the others."""

    name = "mnist"
    rows = 60_000
    files = (
        _mnist.official(
            "train-images-idx3-ubyte", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873", "6bbc9ace898e44ae57da46a324031adb"
        ),
        _mnist.official(
            "train-labels-idx1-ubyte", 28_881, "d53e105ee54ea40749a09fcbcd1e9432", "a25bea736e30d166cdddb491f175f624"
        ),
    )
