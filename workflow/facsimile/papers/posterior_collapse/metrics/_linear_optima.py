"""Global optima of the linear autoencoders in closed form: a function for each model, called like the model's file.

θ are standard deviations along the principal axes of what is to be encoded, about zero, the largest first. Each answers what
training should reach, in falling order: ``omega`` and ``lambda``, the singular values of decoder and encoder (of two levels the
second one's decoder and the first one's encoder), ``sigma`` and ``kl`` where posteriors are learned.

Dang et al. 2024, "Beyond vanilla variational autoencoders", as their ``utils.py`` computes it
(thotranhuu99/Posterior_collapse_CVAE_HVAE at 141cacc).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Optimum = dict[str, Vector]
Params = Mapping[str, float]
Data = Mapping[str, npt.NDArray[Any]]


def linear_vae(params: Params, data: Data, latents: int) -> Optimum:
    """A unit is active where θ² > β η_dec²; with posteriors of one fixed σ, where θ > √β c σ, c = η_dec / η_enc."""
    theta = _axes(data["x"], latents)
    if not params.get("sigma", 0):
        return _learned(theta**2, params)
    c, sigma = (
        np.sqrt(params.get("beta", 1)) * params.get("eta_dec", 1) / params.get("eta_enc", 1),
        params["sigma"],
    )
    excess = np.maximum(theta - c * sigma, 0)
    return {"omega": np.sqrt(c * excess / sigma), "lambda": np.sqrt(sigma * excess / c)}


def linear_cvae(params: Params, data: Data, latents: int) -> Optimum:
    """The VAE of what x does not explain of y: θ² are the principal variances of y − E[y|x]."""
    return _learned(_unexplained(data, latents), params)


def linear_cvae_released(params: Params, data: Data, latents: int) -> Optimum:
    """σ as the released code has it: it tests θ² ≥ √β η_dec, and λ β η_dec² (``calculate_lambda_sigma_cvae_beta``)."""
    squares = _unexplained(data, latents)
    beta, dec, enc = (params.get(name, 1) for name in ("beta", "eta_dec", "eta_enc"))
    sigma = np.where(
        squares >= np.sqrt(beta) * dec, np.sqrt(beta) * enc * dec / np.sqrt(squares), enc
    )
    return {"sigma": np.sort(sigma)[::-1]}


def linear_hvae(params: Params, data: Data, latents: int) -> Optimum:
    """Two levels: with learned Σ₂ Theorem 3, with fixed Σ₂ = σ₂² Theorem 5."""
    theta = _axes(data["x"], latents)
    found = (
        _levels_fixed(theta, params) if params.get("sigma_2", 0) else _levels_learned(theta, params)
    )
    return {name: np.sort(values)[::-1] for name, values in found.items()}


def _learned(squares: Vector, params: Params) -> Optimum:
    beta, dec, enc = (params.get(name, 1) for name in ("beta", "eta_dec", "eta_enc"))
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
    beta_1, beta_2, s, dec, enc = _two_levels(params)
    level = beta_2 * dec**2
    if s**2 >= level / beta_1:
        first = np.maximum(theta**2 - level, 0) * s**2 / level
    else:
        passed = s**2 * theta**2 / level >= level / beta_1
        alone = np.maximum(s / np.sqrt(beta_1) * (theta - np.sqrt(beta_1) * s), 0)
        first = np.where(passed, np.maximum(theta**2 - level, 0) * s**2 / level, alone)
    # The second level is a VAE of z₁, of variances λ² + σ₁², with β = β₂ / β₁.
    above = _learned(first + s**2, {"beta": beta_2 / beta_1, "eta_dec": dec, "eta_enc": enc})
    return {
        "lambda": np.sqrt(first),
        "omega": above["omega"],
        "sigma": above["sigma"],
        "kl": above["kl"],
    }


def _levels_fixed(theta: Vector, params: Params) -> Optimum:
    beta_1, beta_2, s, dec, enc = _two_levels(params)
    c, t = dec / enc, params["sigma_2"]
    both = np.sqrt(beta_1 * beta_2) * c
    full = (theta**2 >= both * s * t) & (theta >= beta_2 * np.sqrt(beta_1) * c**2 * t**2 / s)
    noisy = (
        np.sqrt(beta_1) * s >= np.sqrt(beta_2) * c * t
    )  # σ₁'s noise alone keeps the second level awake
    alone = np.maximum(s * (theta / np.sqrt(beta_1) - s), 0)
    first = (s**2 / (both * t)) ** (2 / 3) * np.maximum(
        theta ** (4 / 3) - (both * s * t) ** (2 / 3), 0
    )
    share = (beta_2**2 * c**4 * t**4 / (beta_1 * s**2)) ** (1 / 3)
    second = (np.sqrt(beta_2) * c * s / (beta_1 * t**2)) ** (2 / 3) * np.maximum(
        theta ** (2 / 3) - share, 0
    )
    rest = (
        np.maximum(np.sqrt(beta_2 / beta_1) * c * s / t - beta_2 / beta_1 * c**2, 0)
        if noisy
        else 0.0
    )
    return {
        "lambda": np.sqrt(np.where(full, first, 0.0 if noisy else alone)),
        "omega": np.sqrt(np.where(full, second, rest)),
    }


def _two_levels(params: Params) -> tuple[float, ...]:
    return tuple(
        params.get(name, 1) for name in ("beta_1", "beta_2", "sigma_1", "eta_dec", "eta_enc")
    )


def _axes(rows: npt.NDArray[Any], latents: int) -> Vector:
    """Standard deviations of rows [n, d] about zero along their principal axes, the largest first [latents]."""
    values: Vector = np.linalg.svd(rows.astype(np.float64), compute_uv=False)[:latents] / np.sqrt(
        len(rows)
    )
    return values


def _unexplained(data: Data, latents: int) -> Vector:
    """Principal variances of y minus its linear regression on x, without a constant [latents]."""
    x, y = (data[name].astype(np.float64) for name in ("x", "y"))
    return _axes(y - x @ np.linalg.lstsq(x, y, rcond=None)[0], latents) ** 2
