"""What a network of a diffusion predicts: noise, data, velocity or score, and how they convert.

All four are one function in other words: x = a x_0 + s e says how to turn one into another, and
the squared errors differ by a factor that depends on time alone.
"""

from typing import Any

PREDICTIONS = ("noise", "data", "velocity", "score")


def target(
    prediction: str,
    data: Any,
    noise: Any,
    a: Any,
    s: Any,
) -> Any:
    """Return what a network is trained to predict, of the shape of ``data``.

    The velocity is v = a e - s x_0 (Salimans & Ho 2022). The score is that of x_t given x_0, -e/s,
    whose expectation given x_t is the score of x_t (denoising score matching, Vincent 2011).

    Args:
        prediction: one of ``PREDICTIONS``.
        data: x_0.
        noise: e, of the same shape.
        a: factor of the data, which broadcasts against it.
        s: deviation of the noise, likewise.

    Raises:
        ValueError: ``prediction`` has another value.
    """
    if prediction == "noise":
        return noise
    if prediction == "data":
        return data
    if prediction == "velocity":
        return a * noise - s * data
    if prediction == "score":
        return -noise / s
    raise _unknown(prediction)


def denoised(
    prediction: str,
    output: Any,
    x: Any,
    a: Any,
    s: Any,
) -> Any:
    """Return the estimate of x_0 that a network's output stands for, of the shape of ``x``.

    Args:
        prediction: one of ``PREDICTIONS``.
        output: what the network predicts at ``x``.
        x: x_t.
        a: factor of the data; where it is 0, only ``data`` and ``velocity`` are defined.
        s: deviation of the noise.

    Raises:
        ValueError: ``prediction`` has another value.
    """
    if prediction == "noise":
        return (x - s * output) / a
    if prediction == "data":
        return output
    if prediction == "velocity":
        return (a * x - s * output) / (a**2 + s**2)
    if prediction == "score":
        return (x + s**2 * output) / a
    raise _unknown(prediction)


def loss_weight(
    prediction: str,
    a: Any,
    s: Any,
) -> Any:
    """Return the factor w with |error of the prediction|² = w |error of x_0|², at time t."""
    if prediction == "noise":
        return (a / s) ** 2
    if prediction == "data":
        return 1.0 + 0.0 * a
    if prediction == "velocity":
        return ((a**2 + s**2) / s) ** 2
    if prediction == "score":
        return (a / s**2) ** 2
    raise _unknown(prediction)


def _unknown(prediction: str) -> ValueError:
    return ValueError(f"{prediction!r}: a prediction is one of {', '.join(PREDICTIONS)}")
