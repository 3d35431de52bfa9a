"""Settings of how a study trains its models; ``facsimile.training`` does the training."""

from typing import Any, Literal

from pydantic import Field, model_validator

from facsimile.studies.values import Name, Number, PositiveInt, PositiveNumber, Strict


class Adam(Strict):
    """Adam as TensorFlow computes it; the epsilon is Kingma and Ba's "epsilon hat"."""

    lr: PositiveNumber = Field(description="learning rate")
    beta1: Number = 0.9
    beta2: Number = 0.999
    epsilon: Number = 1e-8


class SGD(Strict):
    """Plain gradient descent."""

    lr: PositiveNumber = Field(description="learning rate")


# metric.score@best: the best score over the snapshots of a run.
BEST = "best"
# metric.score@step_2400: the score of the snapshot after that many steps.
STEP = "step_"

# "all": every update uses the whole data set.
BatchSize = PositiveInt | Literal["all"]


class Snapshots(Strict):
    """Steps of a run at which its state is kept and scored, too, besides the last one."""

    every: PositiveInt = Field(description="steps between two snapshots")
    metrics: dict[Name, PositiveInt] = Field(
        default={},
        description="metric -> steps between two computations of it, a multiple of every; "
        "for metrics that are not computed on every snapshot",
    )

    @model_validator(mode="after")
    def _are_multiples(self) -> "Snapshots":
        for name, steps in self.metrics.items():
            if steps % self.every:
                raise ValueError(
                    f"{name}: {steps} is no multiple of the {self.every} steps "
                    "between two snapshots"
                )
        return self


class Training(Strict):
    """Training settings of every run of the study."""

    steps: PositiveInt = Field(
        description="parameter updates of each model; of an algorithm, the largest number of steps"
    )
    batch_size: BatchSize = Field(
        default="all",
        description="images or rows per update, sampled with replacement; all: the whole data set; "
        "required unless all models are algorithms",
    )
    latents: PositiveInt = Field(
        default=1,
        description="dimensions of the representation; required unless all models are algorithms",
    )
    network: Name = Field(
        default="own",
        description="encoder and decoder, by their name in networks.py; own: the model's own",
    )
    adam: Adam | None = Field(default=None, description="optimiser of encoder and decoder")
    sgd: SGD | None = Field(default=None, description="optimiser, instead of adam")
    snapshots: Snapshots | None = Field(
        default=None,
        description="intermediate states that are kept and scored; "
        "their best score is called metric.score@best",
    )

    @model_validator(mode="after")
    def _has_one_optimiser(self) -> "Training":
        if self.adam is not None and self.sgd is not None:
            raise ValueError("state one optimiser, adam: {lr: …} or sgd: {lr: …}")
        return self

    @property
    def missing(self) -> list[str]:
        """What a model that is trained on losses needs besides; algorithms need steps alone."""
        keys = [key for key in ("batch_size", "latents") if key not in self.model_fields_set]
        has_optimiser = self.adam is not None or self.sgd is not None
        return keys if has_optimiser else [*keys, "an optimiser, adam: {lr: …} or sgd: {lr: …}"]

    @property
    def by_adam(self) -> Adam:
        """Settings of Adam; raises ValueError if the study uses another optimiser.

        Models of images support no other one.
        """
        if self.adam is None:
            raise ValueError("training: models of images are trained by Adam; state adam: {lr: …}")
        return self.adam

    @property
    def drawn(self) -> int:
        """Batch size as a number; raises ValueError for ``all``.

        Data sets of images support only sampled batches.
        """
        if self.batch_size == "all":
            raise ValueError(
                "training: batch_size: all is for data sets of arrays; "
                "for images, state the number per batch"
            )
        return self.batch_size


class TrainingOverride(Strict):
    """Training settings that a model or a scale changes; an optimiser is replaced as a whole."""

    steps: PositiveInt | None = None
    batch_size: BatchSize | None = None
    latents: PositiveInt | None = None
    network: Name | None = None
    adam: Adam | None = None
    snapshots: Snapshots | None = None


def explicit_settings(training: Training, *differs: TrainingOverride) -> dict[str, Any]:
    """Return only the settings that a study states explicitly; later overrides take precedence.

    Defaults and snapshots are left out, so that they cannot change the hash of a run.
    """
    # Writing the defaults into the settings would change every hash when a default is added.
    settings = training.model_dump(exclude_unset=True, exclude={"snapshots"})
    for override in differs:
        settings |= override.model_dump(
            exclude_unset=True,
            exclude_none=True,
            exclude={"snapshots"},
        )
    return settings
