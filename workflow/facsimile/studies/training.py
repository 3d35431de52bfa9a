"""How a study says that its models are trained; ``train.py`` does it."""

from typing import Any, Literal

from pydantic import Field, PositiveInt, model_validator

from facsimile.studies.values import Name, Number, Strict


class Adam(Strict):
    """Adam as TensorFlow computes it; the epsilon is Kingma and Ba's "epsilon hat"."""

    lr: Number = Field(description="learning rate")
    beta1: Number = 0.9
    beta2: Number = 0.999
    epsilon: Number = 1e-8


class SGD(Strict):
    """Plain gradient descent."""

    lr: Number = Field(description="learning rate")


BEST = "best"  # metric.score@best: the best of a run's snapshots
STEP = "step_"  # metric.score@step_2400: of the snapshot after so many steps
BatchSize = PositiveInt | Literal["all"]


class Snapshots(Strict):
    """At which steps of its training a run is kept and scored, too: every so many, and the last."""

    every: PositiveInt = Field(description="steps between two snapshots")
    metrics: dict[Name, PositiveInt] = Field(
        default={},
        description="metric -> steps between two askings of it, a multiple of every, where it is asked less often",
    )

    @model_validator(mode="after")
    def _multiples(self) -> "Snapshots":
        for name, steps in self.metrics.items():
            if steps % self.every:
                raise ValueError(
                    f"{name}: {steps} is no multiple of the {self.every} steps between two snapshots"
                )
        return self


class Training(Strict):
    """How every run of the study is trained."""

    steps: PositiveInt = Field(description="updates of each model")
    batch_size: BatchSize = Field(
        description="images or rows an update, drawn with replacement; all: the whole data set"
    )
    latents: PositiveInt = Field(description="dimensions of the representation")
    network: Name = Field(
        default="own",
        description="encoder and decoder, by their name in networks.py; own: the model's",
    )
    adam: Adam | None = Field(default=None, description="optimiser of encoder and decoder")
    sgd: SGD | None = Field(default=None, description="optimiser, instead of adam")
    snapshots: Snapshots | None = Field(
        default=None,
        description="states on the way that are kept and scored; their best score is metric.score@best",
    )

    @model_validator(mode="after")
    def _one_optimiser(self) -> "Training":
        if (self.adam is None) == (self.sgd is None):
            raise ValueError("state one optimiser, adam: {lr: …} or sgd: {lr: …}")
        return self

    @property
    def by_adam(self) -> Adam:
        """``adam``; raises ValueError where the study states another optimiser, as models of images know no other."""
        if self.adam is None:
            raise ValueError("training: models of images are trained by Adam; state adam: {lr: …}")
        return self.adam

    @property
    def drawn(self) -> int:
        """``batch_size`` as a number; raises ValueError for ``all``, as data sets of images are drawn from."""
        if self.batch_size == "all":
            raise ValueError(
                "training: batch_size: all is for data sets of arrays; of images state how many are drawn"
            )
        return self.batch_size


class TrainingOverride(Strict):
    """What one model, or a scale, may change of the training; an optimiser is stated whole."""

    steps: PositiveInt | None = None
    batch_size: BatchSize | None = None
    latents: PositiveInt | None = None
    network: Name | None = None
    adam: Adam | None = None
    snapshots: Snapshots | None = None


def explicit_settings(training: Training, *differs: TrainingOverride) -> dict[str, Any]:
    """What is stated of a training, defaults not written in; what comes later goes before. Snapshots change no run."""
    found = training.model_dump(exclude_unset=True, exclude={"snapshots"})
    for override in differs:
        found |= override.model_dump(exclude_unset=True, exclude_none=True, exclude={"snapshots"})
    return found
