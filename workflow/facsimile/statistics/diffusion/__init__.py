"""Gaussian diffusions: schedules, samplers, what networks predict, and mixtures with exact scores.

Everything is for ``x_t = a(t) x_0 + s(t) e`` with standard normal noise ``e`` and times from 0
(data) to 1 (noise). Nothing here needs torch; samplers and conversions take tensors as well.
"""
