"""MNIST's 10,000 test images."""

from facsimile.datasets import _mnist


class MNISTTest(_mnist.MNIST):
    """The test images and their digits; ``mnist`` has those of training."""

    name = "mnist_test"
    rows = 10_000
    files = (
        _mnist.official(
            "t10k-images-idx3-ubyte", 1_648_877, "9fb629c4189551a2d022fa330f9573f3", "2646ac647ad5339dbf082846283269ea"
        ),
        _mnist.official(
            "t10k-labels-idx1-ubyte", 4_542, "ec29112dd5afa0611ce80d1b7f02629c", "27ae3e4e09519cfbb04c329615203637"
        ),
    )
