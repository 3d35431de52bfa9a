"""A sub-grid: every n-th value of some factors, itself a complete grid."""

import numpy as np
import pytest

from facsimile.datasets.dsprites import DSprites
from facsimile.datasets.noisy_dsprites import NoisyDSprites
from facsimile.datasets.toy import Toy
from facsimile.foundation.discover import UnknownName

NO_ROWS = np.empty((0, 512), np.uint8)  # enough for what does not need images


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    path = tmp_path_factory.mktemp("toy") / "toy.h5"
    Toy.make(path)
    return Toy.open(path)


def test_desk_scale_of_dsprites_has_46080_images() -> None:
    part = DSprites(NO_ROWS, {}).subgrid({"orientation": 4, "x_position": 2, "y_position": 2})
    assert part.factor_sizes == (3, 6, 10, 16, 16)
    assert len(part) == 46_080
    assert part.name == "dsprites[orientation:4, x_position:2, y_position:2]"
    np.testing.assert_allclose(part.values("orientation"), np.linspace(0, 2 * np.pi, 40)[::4])


def test_images_are_those_of_the_whole(toy: Toy) -> None:
    part = toy.subgrid(
        {"size": 2, "x_position": 3}
    )  # 3 and 8 values leave 2 and 3: neither stride divides
    assert part.factor_sizes == (2, 2, 3, 8)
    whole = toy.images(np.arange(len(toy))).reshape(*toy.factor_sizes, *toy.image_shape)
    np.testing.assert_array_equal(
        part.images(np.arange(len(part))), whole[:, ::2, ::3].reshape(-1, *toy.image_shape)
    )


def test_numbering_is_a_complete_grid_in_c_order(toy: Toy) -> None:
    part = toy.subgrid({"y_position": 5})
    everything = np.arange(len(part))
    np.testing.assert_array_equal(
        part.factors(everything), np.indices(part.factor_sizes).reshape(4, -1).T
    )
    np.testing.assert_array_equal(part.indices(part.factors(everything)), everything)


def test_subgrid_of_a_subgrid(toy: Toy) -> None:
    twice, once = (
        toy.subgrid({"x_position": 2}).subgrid({"x_position": 2}),
        toy.subgrid({"x_position": 4}),
    )
    np.testing.assert_array_equal(
        twice.images(np.arange(len(twice))), once.images(np.arange(len(once)))
    )


def test_strides_of_one_change_nothing(toy: Toy) -> None:
    assert toy.subgrid({"shape": 1}) is toy
    assert toy.subgrid({}) is toy


def test_index_beyond_the_subgrid(toy: Toy) -> None:
    part = toy.subgrid({"x_position": 2})
    with pytest.raises(IndexError, match="192 is out of range"):
        part.images([192])


def test_unknown_factor_is_answered_with_the_nearest(toy: Toy) -> None:
    with pytest.raises(
        UnknownName, match=r"no factor of toy 'x'.*There are: shape, size, x_position, y_position"
    ):
        toy.subgrid({"x": 2})


@pytest.mark.parametrize("stride", [0, -1])
def test_stride_below_one(toy: Toy, stride: int) -> None:
    with pytest.raises(ValueError, match=f"the stride of size must be 1 or more, not {stride}"):
        toy.subgrid({"size": stride})


def test_subgrid_of_a_stochastic_set_needs_a_generator() -> None:
    part = NoisyDSprites(NO_ROWS, {}).subgrid({"shape": 2})
    with pytest.raises(
        ValueError, match=r"noisy_dsprites\[shape:2\]: its images have a random part"
    ):
        part.images([0])
