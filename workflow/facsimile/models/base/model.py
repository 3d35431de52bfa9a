"""The base class of models: networks, the losses of one batch, and the noise that they need.

Losses are pure functions of weights, images, noise, step and hyper-parameters. ``torch.vmap`` may
batch any of these over runs, so that they become tensors. A loss must therefore not branch on a
value, draw random numbers or modify an argument.

Example, a complete model in one file ``models/autoencoder.py``::

    @dataclass(frozen=True)
    class Autoencoder(Model):
        '''Autoencoder with a squared error and a penalty on its codes.

        shrinkage: weight of the mean square of the codes.
        '''

        shrinkage: float

        def networks(self, image_shape, latents, network):
            return {"autoencoder": architectures.autoencoder(network, image_shape, latents)}

        def adam(self, training):
            return {"autoencoder": AdamSettings.of(training)}

        def draws(self, batch, latents):
            return {}

        def losses(self, networks, images, noise, step):
            codes, _ = networks["autoencoder"].encode(images)
            error = (networks["autoencoder"].decode(codes).sigmoid() - images).square().mean()
            size = codes.square().mean()
            loss = error + self.shrinkage * size
            return Losses({"autoencoder": loss}, detached({"error": error, "size": size}))

        def infer(self, networks, images):
            return networks["autoencoder"].encode(images)

A variational auto-encoder with another regulariser needs less: see ``vae.py``.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from torch import Tensor, nn

from facsimile.models.base.adam import AdamSettings, TrainingAdam


@dataclass(frozen=True)
class Draw:
    """Noise that a model needs in each step.

    A model declares its noise instead of drawing it. The training loop draws it from the seed of
    the run, the name of the draw and the step (``rng.py``).

    Args:
        kind: ``"normal"`` for standard normals in float32, or ``"permutation"`` for int64 whose
            every column is a permutation of ``range(length)``.
        shape: shape of the tensor; (length, n) for ``n`` permutations.
    """

    kind: Literal["normal", "permutation"]
    shape: tuple[int, ...]


class Losses(NamedTuple):
    """The losses of one batch and the values to record; every tensor is a scalar.

    Each loss is differentiated with respect to the parameters of its own group only, by
    ``torch.autograd.grad`` and never by ``backward`` on a sum. All groups are differentiated at the
    same point, as with TensorFlow's ``var_list``.

    Attributes:
        minimise: loss of each group of parameters, by the name of the group.
        terms: values for the training history, by name; detached (see ``detached``).
    """

    minimise: dict[str, Tensor]
    terms: dict[str, Tensor]


def detached(terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the terms without their gradients, as ``Losses`` requires."""
    return {name: term.detach() for name, term in terms.items()}


@dataclass(frozen=True)
class Model(ABC):
    """Base class of all models.

    Subclass it in a file ``models/<name>.py``, as a frozen dataclass whose fields are the
    hyper-parameters. Each field needs a line ``name: meaning`` in the docstring of the class. Error
    messages quote this line, so it should be complete; more explanation can follow on other lines.

    Subclasses must override ``networks``, ``adam``, ``draws``, ``losses`` and ``infer``, and
    ``decode`` if metrics or figures decode codes. Models that are not trained override ``codes``
    instead (``control.py``). Models of data other than images subclass ``ArraysModel``
    (``arrays.py``).

    Two class attributes describe how a model is trained. If ``trained`` is False, the model has
    no parameters. If ``paired`` is True, a batch holds b images, followed by one partner for each
    of them, which differs in some factors (``training/batches.py``).
    """

    trained: ClassVar[bool] = True
    paired: ClassVar[bool] = False

    @abstractmethod
    def networks(
        self,
        image_shape: tuple[int, int, int],
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        """Create the networks of one run; the training loop initialises them afterwards.

        Args:
            image_shape: height, width and channels of an image.
            latents: number of latents.
            network: name of the architecture, one of ``networks.NAMES``.

        Returns:
            Groups of parameters by name. Each group has its own loss and its own optimiser.
        """

    @abstractmethod
    def adam(self, training: TrainingAdam) -> dict[str, AdamSettings]:
        """Choose the settings of Adam for each group of parameters.

        Args:
            training: the settings from the study file.
        """

    @abstractmethod
    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        """Declare the noise of one step, by name.

        Args:
            batch: number of images; for a paired model, number of pairs.
            latents: number of latents.
        """

    @abstractmethod
    def losses(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        """Compute the losses of one batch.

        Args:
            networks: what ``networks`` returned.
            images: float32 [b, c, h, w] in [0, 1]; [2 b, c, h, w] for a paired model.
            noise: one tensor for each entry of ``draws``.
            step: number of updates so far, starting from 0.
        """

    @abstractmethod
    def infer(
        self,
        networks: Mapping[str, nn.Module],
        images: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return the mean and log-variance of the posterior, float32 [b, latents] each.

        Args:
            networks: what ``networks`` returned.
            images: float32 [b, c, h, w] in [0, 1].
        """

    def decode(
        self,
        networks: Mapping[str, nn.Module],
        codes: Tensor,
    ) -> Tensor:
        """Return the mean of each pixel, [b, c, h, w] in [0, 1].

        Args:
            networks: what ``networks`` returned.
            codes: float32 [b, latents].

        Raises:
            NotImplementedError: the model has no decoder.
        """
        raise NotImplementedError(f"{type(self).__name__} has no decoder")

    def codes(
        self,
        factors: np.ndarray,
        seed: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the codes of a model that is not trained: means and log-variances, float32 [n, d].

        Args:
            factors: indices of the factors' values, int [n, k].
            seed: seed of the run.

        Raises:
            NotImplementedError: the model is trained; call ``infer``.
        """
        raise NotImplementedError(f"{type(self).__name__} is trained; its codes come from infer")

    def check(self) -> None:  # noqa: B027 - most models accept any finite number
        """Raise ValueError if the hyper-parameters have values for which no loss is defined.

        Called with the values of a study, which are numbers, and never with tensors.
        """
