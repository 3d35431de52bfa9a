"""Kodak's 24 photographs, on which denoising and compression are often measured."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.official import Official

LABEL = "Kodak"
WIDTH, HEIGHT = 768, 512
_ADDRESSES = (
    "http://r0k.us/graphics/kodak/kodak",
    "https://r0k.us/graphics/kodak/kodak",
)
# Size and sha256 of each file.
_SUMS = (
    (736501, "a56e27cbf5f843c048b6af1d6e090760e9c92fadba88b7dee0205918a37523bd"),
    (617995, "4f4b74a79237e311d72cad958237b5f7088d8bce1c82305ebefe1a70e3022dfd"),
    (502888, "e25ca1ff2f0c0cb5fdfd5f9b0a0bb21ac4c3de3c84a67f35b09a85d3306249db"),
    (637432, "e3b946107c5d3441c022f678d0c3caf1e224d81b1604ba840a4f88e562de61aa"),
    (785610, "10349e963c5c813d327852f82c1795fa4148d69fedffc4c589bee458e3ac3d53"),
    (618959, "363510303b715d4cbc384e1ce227e466b613a09e1b71ae985882bf8e7fbd9b18"),
    (566322, "b77d3f006f42414bb242222e0482e750c0fb9e5ee8d4bed2f6f11c5605fe54a4"),
    (788470, "ba23983c76b4832ee0e8af0592664756841a16779acd69f792e268fb6d13d6e7"),
    (582899, "6a4361c2fc194feb4edaa9f9a4a0620fb9943e460ac7fdf037fb0f6dd6607a7d"),
    (593463, "9dfb70f5867c29ff9ed6313683f19b3d867849e40fbc0c4c54a4a89df341cf23"),
    (621023, "7936814b58b5387fce2e4e2488b4ec830dadd95fa9520f358ddb30990b50f2b6"),
    (531024, "d78c37c2f04f23761ed2367dd77e2db584ddd4c3950833fecf89f199a8126980"),
    (822712, "bc34a3ce58dea09dce1704c997171602de90cb34d0c8503a988b77f473d39b08"),
    (692201, "55a94550ff18f3246c4074fd32b77b0c74447c26b6ad274d564d999c0450ba6e"),
    (612582, "7538cbb80cb9103606c48b806eae57d56c885c7f90b9b3be70a41160f9cbb683"),
    (534247, "a89c7268ccd4718ba424a99fc4643c572cf692ca6eae887185ceb4e9f11d2e54"),
    (602078, "37afcc89fbdcb76d9518e04b2fc011027e2f4cd14b3b2f83cefd721641a47c5b"),
    (780947, "1a9258c365988961d87a0598725b609139c303ad48a5aad6c503c3b1a87849aa"),
    (671476, "b7450b264b1b0a411390d8931b112c27905a992520fc90569dc4b920aa32bbdc"),
    (492462, "3b46c71e3b92a563820ba32936be8330c586c41f938efd94be938386aae4328a"),
    (637051, "ac958597c82073f6bb65129c68f72b651db5b9efd82e11547d07350214bc268b"),
    (701970, "1cee58eb1f2d9c7ebb254d208a03c783ce6cf2c4d8c2cf45e235dd23b4ce1b29"),
    (557596, "e3111a2fd4da24af15d6459ef9eacfe54106b38e27b4a21821b75c3f5d2d5baf"),
    (706397, "1071c68372cc5a01435c2c225a5cf7d4bb803846ec08bb6b3d6721b156d7cb96"),
)


def _official(number: int) -> Official:
    name = f"kodim{number + 1:02}.png"
    size, checksum = _SUMS[number]
    return Official(
        name,
        tuple(f"{address}/{name}" for address in _ADDRESSES),
        size,
        f"sha256:{checksum}",
        "not Kodak's; of MohamedBakrAli/Kodak-Lossless-True-Color-Image-Suite@dd2e110",
    )


FILES = tuple(_official(number) for number in range(len(_SUMS)))


def photograph(path: Path) -> Image.Image:
    """Open one of the files; raises DatasetError if it is no picture of the official size."""
    try:
        with Image.open(path) as file:
            picture = file.convert("RGB")
    except UnidentifiedImageError:
        raise DatasetError(f"{path}: not a picture; download it again") from None
    except OSError as error:
        raise DatasetError(f"{path}: damaged ({error}); download it again") from None
    if sorted(picture.size) != [HEIGHT, WIDTH]:
        raise DatasetError(
            f"{path}: {picture.width} × {picture.height} pixels instead of {WIDTH} × {HEIGHT}, or "
            "upright; download it again"
        )
    return picture


class Kodak(ArchivedArrays):
    """The photographs, all lying: upright ones are turned by 90 degrees against the clock.

    ``images``: uint8 [24, 512, 768, 3]. ``turned``: int64 [24], 1 for those that are upright.
    """

    name = "kodak"
    rows = len(FILES)
    files = FILES
    shapes: ClassVar = {
        "images": (HEIGHT, WIDTH, 3),
        "turned": (),
    }
    licence = "released by Eastman Kodak for unrestricted use, says r0k.us"
    source = "http://r0k.us/graphics/kodak"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        paths = cls.downloaded(source)
        images, turned = [], []
        for official in cls.files:
            pixels = np.asarray(photograph(paths[official.name]))
            is_upright = pixels.shape[0] > pixels.shape[1]
            images.append(np.rot90(pixels) if is_upright else pixels)
            turned.append(int(is_upright))
        return {
            "images": np.stack(images)[: cls.rows],
            "turned": np.array(turned)[: cls.rows],
        }
