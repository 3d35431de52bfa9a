"""Global optima of the linear autoencoders in closed form.

There is one function per model, named like the model's file. θ are standard deviations along the
principal axes of the encoded data, about zero, the largest first. Each function returns the values
that training should reach, in falling order: ``omega`` and ``lambda``, the singular values of
decoder and encoder (with two levels, the second one's decoder and the first one's encoder), and
``sigma`` and ``kl`` where posteriors are learned.

Dang et al. 2024, "Beyond vanilla variational autoencoders", as computed in their ``utils.py``
(thotranhuu99/Posterior_collapse_CVAE_HVAE at 141cacc).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Optimum = dict[str, Vector]
Params = Mapping[str, float]
Data = Mapping[str, npt.NDArray[Any]]


class _TwoLevels(NamedTuple):
    """Hyper-parameters of the model with two levels."""

    beta_1: float
    beta_2: float
    sigma_1: float
    eta_dec: float
    eta_enc: float


def linear_vae(params: Params, data: Data, latents: int) -> Optimum:
    """The VAE: a unit is active where θ² > β η_dec².

    With posteriors of one fixed σ, a unit is active where θ > √β c σ, c = η_dec / η_enc.
    """
    theta = _axes(data["x"], latents)
    sigma = params.get("sigma", 0)
    if not sigma:
        return _learned(theta**2, params)
    beta, dec, enc = _one_level(params)
    c = np.sqrt(beta) * dec / enc
    excess = np.maximum(theta - c * sigma, 0)
    return {
        "omega": np.sqrt(c * excess / sigma),
        "lambda": np.sqrt(sigma * excess / c),
    }


def linear_cvae(params: Params, data: Data, latents: int) -> Optimum:
    """The VAE of what x does not explain of y: θ² are the principal variances of y − E[y|x]."""
    return _learned(_unexplained(data, latents), params)


def linear_cvae_released(params: Params, data: Data, latents: int) -> Optimum:
    """σ as in the released code (``calculate_lambda_sigma_cvae_beta``).

    It tests θ² ≥ √β η_dec, where λ has β η_dec².
    """
    squares = _unexplained(data, latents)
    beta, dec, enc = _one_level(params)
    active = squares >= np.sqrt(beta) * dec
    learned = np.sqrt(beta) * enc * dec / np.sqrt(squares)
    sigma = np.where(active, learned, enc)
    return {"sigma": np.sort(sigma)[::-1]}


def linear_hvae(params: Params, data: Data, latents: int) -> Optimum:
    """Two levels: Theorem 3 with learned Σ₂, Theorem 5 with fixed Σ₂ = σ₂²."""
    theta = _axes(data["x"], latents)
    levels = _levels_fixed if params.get("sigma_2", 0) else _levels_learned
    optimum = levels(theta, params)
    return {name: np.sort(values)[::-1] for name, values in optimum.items()}


def _learned(squares: Vector, params: Params) -> Optimum:
    """The VAE with learned posteriors, for principal variances θ²."""
    beta, dec, enc = _one_level(params)
    level = beta * dec**2
    active = squares > level
    excess = np.maximum(squares - level, 0)
    sigma = np.where(active, enc * np.sqrt(level / squares), enc)
    kl = np.where(active, 0.5 * np.log(squares / level), 0)
    return {
        "omega": np.sqrt(excess) / enc,
        "lambda": enc * np.sqrt(excess / squares),
        "sigma": np.sort(sigma)[::-1],
        "kl": kl,
    }


def _levels_learned(theta: Vector, params: Params) -> Optimum:
    """Theorem 3."""
    beta_1, beta_2, s, dec, enc = _two_levels(params)
    level = beta_2 * dec**2
    both = np.maximum(theta**2 - level, 0) * s**2 / level
    if s**2 >= level / beta_1:
        first = both
    else:
        second_active = s**2 * theta**2 / level >= level / beta_1
        # The first level alone, where the second one has collapsed.
        alone = np.maximum(s / np.sqrt(beta_1) * (theta - np.sqrt(beta_1) * s), 0)
        first = np.where(second_active, both, alone)
    # The second level is a VAE of z₁, of variances λ² + σ₁², with β = β₂ / β₁.
    second_params = {"beta": beta_2 / beta_1, "eta_dec": dec, "eta_enc": enc}
    second = _learned(first + s**2, second_params)
    return {
        "lambda": np.sqrt(first),
        "omega": second["omega"],
        "sigma": second["sigma"],
        "kl": second["kl"],
    }


def _levels_fixed(theta: Vector, params: Params) -> Optimum:
    """Theorem 5."""
    beta_1, beta_2, s, dec, enc = _two_levels(params)
    c = dec / enc
    t = params["sigma_2"]
    both = np.sqrt(beta_1 * beta_2) * c
    first_active = theta**2 >= both * s * t
    second_active = theta >= beta_2 * np.sqrt(beta_1) * c**2 * t**2 / s
    full = first_active & second_active
    # The noise of σ₁ alone keeps the second level active.
    noisy = np.sqrt(beta_1) * s >= np.sqrt(beta_2) * c * t

    # Squares of λ and ω where both levels are active ...
    lambda_excess = np.maximum(theta ** (4 / 3) - (both * s * t) ** (2 / 3), 0)
    first = (s**2 / (both * t)) ** (2 / 3) * lambda_excess
    share = (beta_2**2 * c**4 * t**4 / (beta_1 * s**2)) ** (1 / 3)
    omega_excess = np.maximum(theta ** (2 / 3) - share, 0)
    second = (np.sqrt(beta_2) * c * s / (beta_1 * t**2)) ** (2 / 3) * omega_excess

    # ... and where they are not: the second level sees nothing but noise, or is collapsed.
    first_alone: Vector | float = np.maximum(s * (theta / np.sqrt(beta_1) - s), 0)
    second_alone = 0.0
    if noisy:
        first_alone = 0.0
        ratio = np.sqrt(beta_2 / beta_1) * c
        second_alone = np.maximum(ratio * s / t - beta_2 / beta_1 * c**2, 0)
    return {
        "lambda": np.sqrt(np.where(full, first, first_alone)),
        "omega": np.sqrt(np.where(full, second, second_alone)),
    }


def _one_level(params: Params) -> tuple[float, float, float]:
    """β, η_dec and η_enc of a model with one level."""
    return params.get("beta", 1), params.get("eta_dec", 1), params.get("eta_enc", 1)


def _two_levels(params: Params) -> _TwoLevels:
    return _TwoLevels(*(params.get(name, 1) for name in _TwoLevels._fields))


def _axes(rows: npt.NDArray[Any], latents: int) -> Vector:
    """Standard deviations of rows [n, d] about zero along their principal axes [latents].

    The largest is first.
    """
    singular_values = np.linalg.svd(rows.astype(np.float64), compute_uv=False)
    deviations: Vector = singular_values[:latents] / np.sqrt(len(rows))
    return deviations


def _unexplained(data: Data, latents: int) -> Vector:
    """Principal variances of y minus its linear regression on x, without a constant [latents]."""
    x = data["x"].astype(np.float64)
    y = data["y"].astype(np.float64)
    coefficients, *_ = np.linalg.lstsq(x, y, rcond=None)
    return _axes(y - x @ coefficients, latents) ** 2
