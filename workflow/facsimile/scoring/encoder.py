"""A user's encoder, called on images in batches of one size, with what it returns checked."""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.progress import INTERVAL
from facsimile.metrics.base import real_arrays
from facsimile.metrics.base.draws import Rows
from facsimile.metrics.base.real_arrays import Array
from facsimile.scoring.score_inputs import Images
from facsimile.store.shard_progress import Progress

Encode = Callable[[npt.NDArray[np.float32]], Any]
# A code that changes with the other images of its batch changes by more than this share of the
# largest standard deviation of a code. Rounding, to bfloat16 as well, changes it by less.
SAME = 0.01
RETURN = "return means [n, d], or a tuple (means, log_variances), both [n, d]"


class EncodeError(ValueError):
    """An encoder that cannot be used; the message says why, and what it should do."""


class Encoder:
    """Encodes rows of a data set, each once, and keeps their codes.

    Each batch has the same number of images, since libraries may round differently in a batch of
    another size: the last one is filled up with copies of its last image.

    Attributes
    ----------
    means : float32 [N, d]
        Codes of the rows that were encoded; zeros elsewhere.
    log_variances : [N, d] or None
        The same of log-variances, of the type that the encoder returns; None if it returns none.
    """

    def __init__(
        self,
        encode: Encode,
        images: Images,
        batch_size: int,
        progress: bool,
    ) -> None:
        self._encode = encode
        self._images = images
        self._batch_size = batch_size
        self._progress = progress
        self._is_encoded = np.zeros(len(images), np.bool_)
        self.means = np.zeros((len(images), 0), np.float32)
        self.log_variances: Array | None = None

    def try_out(self, rows: Rows) -> None:
        """Encode a few images three times, before all others.

        Raises EncodeError if the encoder returns other things than codes, other codes for the same
        batch, or codes that depend on the other images of a batch.
        """
        rows = rows[: self._batch_size]
        images = self._images[rows]
        means, log_variances = self._call(images, rows)
        try:
            real_arrays.single_precision(means, "means")
        except ValueError as error:
            raise EncodeError(f"encode returned {error}") from error
        again, _ = self._call(images, rows)
        _require_same(
            means,
            again,
            "other means for the same batch: it draws random numbers; return means rather than "
            "samples, and switch dropout off (module.eval())",
        )
        half = (len(rows) + 1) // 2
        beside_others, _ = self._call(images[:half], rows[:half])
        _require_same(
            means[:half],
            beside_others,
            "means that depend on the other images of the batch, as with batch normalisation in "
            "training mode; call module.eval(), and encode each image by itself",
        )
        shape = (len(self._images), means.shape[1])
        self.means = np.zeros(shape, np.float32)
        if log_variances is not None:
            self.log_variances = np.zeros(shape, log_variances.dtype)

    def encode_all(self) -> None:
        """Encode every row; raises EncodeError."""
        self.encode(np.arange(len(self._images)))

    def encode(self, rows: Rows) -> None:
        """Encode those of some rows that are not encoded yet, in rising order.

        Raises EncodeError for codes that are not finite or have another shape than those before.
        """
        missing = np.unique(rows[~self._is_encoded[rows]])
        is_long = len(missing) > self._batch_size
        report = _reporter(len(missing)) if self._progress and is_long else _silent
        for start in range(0, len(missing), self._batch_size):
            batch = missing[start : start + self._batch_size]
            self._keep(batch)
            report(start + len(batch))

    def _keep(self, rows: Rows) -> None:
        """Encode one batch."""
        means, log_variances = self._call(self._images[rows], rows)
        returned = {"means": means, "log_variances": log_variances}
        kept = {"means": self.means, "log_variances": self.log_variances}
        for name, values in kept.items():
            new = returned[name]
            if (values is None) != (new is None):
                raise EncodeError(f"encode returned {name} for some batches only; {RETURN}")
            if values is None or new is None:
                continue
            if values.shape[1] != new.shape[1]:
                raise EncodeError(
                    f"encode returned {values.shape[1]} {name} per image before, and "
                    f"{new.shape[1]} for the batch from image {rows[0]} on"
                )
            values[rows] = new
        self._is_encoded[rows] = True

    def _call(
        self,
        images: npt.NDArray[np.float32],
        rows: Rows,
    ) -> tuple[Array, Array | None]:
        """Means [n, d] and log-variances [n, d] or None of at most a batch of images, in ``rows``.

        Raises EncodeError.
        """
        n_copies = self._batch_size - len(images)
        # A copy in any case: the encoder may change what it is given.
        batch = np.concatenate((images, np.repeat(images[-1:], n_copies, axis=0)))
        shape = list(batch.shape)
        try:
            returned = self._encode(batch)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise EncodeError(
                f"encode failed for images float32 {shape}, from 0 to 1, channels last "
                f"(facsimile.torch_encoder puts them first): {type(error).__name__}: {reason}"
            ) from error
        means, log_variances = _means_and_log_variances(returned)
        means = _matrix(means, "means", shape[0])
        if log_variances is not None:
            log_variances = _matrix(log_variances, "log_variances", shape[0])
            _require_same_shape(means, log_variances)
            log_variances = log_variances[: len(rows)]
            _require_finite(log_variances, "log_variances", rows)
        means = means[: len(rows)]
        _require_finite(means, "means", rows)
        return means, log_variances


def _reporter(total: int) -> Callable[[int], None]:
    """A function of the number of encoded images that prints it, with the time left, to stderr.

    It prints after the first batch, then at most once every ``INTERVAL`` seconds, and at the end.
    """
    began = time.monotonic()
    printed = -INTERVAL

    def report(done: int) -> None:
        nonlocal printed
        seconds = time.monotonic() - began
        if seconds - printed < INTERVAL and done < total:
            return
        printed = seconds
        left = seconds / done * (total - done)
        progress = Progress("encode", "images", done, total, left if done < total else None)
        print(f"encoded {progress.text()}", file=sys.stderr, flush=True)

    return report


def _silent(done: int) -> None:
    """Print nothing."""


def _means_and_log_variances(returned: Any) -> tuple[Any, Any]:
    """The two things that an encoder may return; the second is None if it returned means only."""
    if not isinstance(returned, tuple):
        return returned, None
    if len(returned) == 2:
        return returned[0], returned[1]
    raise EncodeError(f"encode returned a tuple of {len(returned)}; {RETURN}")


def _matrix(
    values: Any,
    name: str,
    n: int,
) -> Array:
    """Codes of ``n`` images as an array [n, d] of real numbers; raises EncodeError."""
    if not (hasattr(values, "__array__") or isinstance(values, list)):
        raise EncodeError(f"encode returned {name} of type {type(values).__name__}; {RETURN}")
    try:
        array = real_arrays.real(values, name)
    except ValueError as error:
        raise EncodeError(f"encode returned {error}") from error
    if array.ndim != 2 or len(array) != n or not array.shape[1]:
        raise EncodeError(
            f"encode returned {name} of shape {list(array.shape)} for {n} images; {RETURN}"
        )
    return array


def _require_same_shape(means: Array, log_variances: Array) -> None:
    """Raise EncodeError unless there is a log-variance for each mean."""
    if log_variances.shape != means.shape:
        raise EncodeError(
            f"encode returned means {list(means.shape)} and log_variances "
            f"{list(log_variances.shape)}; {RETURN}"
        )


def _require_finite(
    values: Array,
    name: str,
    rows: Rows,
) -> None:
    """Raise EncodeError, with the number of the image, unless float32 holds all values."""
    with np.errstate(over="ignore"):
        is_finite = np.isfinite(values.astype(np.float32))
    wrong = np.argwhere(~is_finite)
    if len(wrong):
        position, code = wrong[0]
        raise EncodeError(
            f"encode returned {name} that are not finite (in float32): {values[position, code]} "
            f"for code {code} of image {rows[position]}"
        )


def _require_same(
    means: Array,
    others: Array,
    problem: str,
) -> None:
    """Raise EncodeError if the means of the same images differ by more than rounding."""
    difference = float(np.abs(means - others).max())
    spread = float(means.std(axis=0).max())
    if difference > SAME * spread and not np.allclose(means, others, atol=0.0):
        raise EncodeError(
            f"encode returned {problem} (they differ by up to {difference:.2g}; the largest "
            f"standard deviation of a code is {spread:.2g})"
        )
