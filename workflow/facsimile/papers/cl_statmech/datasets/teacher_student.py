"""The size of a teacher-student perceptron; teachers and patterns are drawn by each run."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays

LABEL = "Teacher and student"


class TeacherStudent(Arrays):
    """N = 1,000 weights; patterns and teachers of ±1 are drawn from the seed of a run.

    Li et al. 2023, "Statistical mechanics of continual learning". ``size`` is N.
    """

    name = "teacher_student"
    rows = 1
    shapes: ClassVar = {"size": ()}
    licence = "none needed: a number"
    source = "Chan-Li/VCL, Continual learning with binary perceptron"

    @classmethod
    def generate(
        cls,
        source: Path | None,
    ) -> dict[str, npt.NDArray[Any]]:
        return {"size": np.array([1000.0], np.float32)}
