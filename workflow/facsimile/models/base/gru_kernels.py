"""Compiled loops over the steps of a GRU in float32, and its gradient.

With the products a of the inputs with their weights, and the sums s = W h + b of the states: r =
σ(a_r + s_r), z = σ(a_z + s_z), n = tanh(a_n + r s_n), and the next state is n + z (h - n). Arrays
are [D, …, T, b] for D directions, T steps and b series; direction 1 reads the last step first.
Those that no matrix product reads are [D, T, …, b], since numbers of a step are read together.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

Singles = npt.NDArray[np.float32]

# float32, since Numba would compute with Python's numbers in float64.
ONE, HALF = np.float32(1), np.float32(0.5)
# tanh by a ratio of two polynomials in x, whose coefficients are those of x, x³, … and of 1, x², …
# From Eigen, "ptanh_float" in Eigen/src/Core/MathFunctionsImpl.h. Beyond the limit it is ±1.
LIMIT = np.float32(7.90531110763549805)
ODD = tuple(
    np.float32(value)
    for value in (
        4.89352455891786e-03,
        6.37261928875436e-04,
        1.48572235717979e-05,
        5.12229709037114e-08,
        -8.60467152213735e-11,
        2.00018790482477e-13,
        -2.76076847742355e-16,
    )
)
EVEN = tuple(
    np.float32(value)
    for value in (
        4.89352518554385e-03,
        2.26843463243900e-03,
        1.18534705686654e-04,
        1.19825839466702e-06,
    )
)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def tanh(x: np.float32) -> np.float32:
    """Return the hyperbolic tangent of x, with a relative error of at most 4e-7.

    Unlike ``math.tanh``, a loop over it is compiled to vector instructions.
    """
    # Not by min and max, which would lose NaN.
    if x > LIMIT:
        x = LIMIT
    elif x < -LIMIT:
        x = -LIMIT
    square = x * x
    odd = ODD[6]
    for power in range(5, -1, -1):
        odd = odd * square + ODD[power]
    even = EVEN[3]
    for power in range(2, -1, -1):
        even = even * square + EVEN[power]
    return x * odd / even


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def sigmoid(x: np.float32) -> np.float32:
    """Return 1 / (1 + exp(-x))."""
    return HALF + HALF * tanh(HALF * x)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def add_product(
    weights: Singles,
    values: Singles,
    out: Singles,
) -> None:
    """Add weights [n] @ values [n, b] to out [b], four values at a time."""
    count, batch = values.shape
    whole = count - count % 4
    for k in range(0, whole, 4):
        w0, w1, w2, w3 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        v0, v1, v2, v3 = values[k], values[k + 1], values[k + 2], values[k + 3]
        for b in range(batch):
            out[b] += (w0 * v0[b] + w1 * v1[b]) + (w2 * v2[b] + w3 * v3[b])
    for k in range(whole, count):
        weight, value = weights[k], values[k]
        for b in range(batch):
            out[b] += weight * value[b]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def forward(
    products: Singles,
    weights: Singles,
    biases: Singles,
    states: Singles,
    gates: Singles,
    candidates: Singles,
) -> None:
    """Fill in the states of all steps, and what the gradient needs.

    Args:
        products: a, of the inputs, for r, z and n [D, 3 H, T, b].
        weights: of the states [D, 3 H, H].
        biases: of a and of s [2, D, 3 H].
        states: [D, H, T, b]; filled in.
        gates: r, z and s_n [D, T, 3 H, b]; filled in.
        candidates: n [D, T, H, b]; filled in.
    """
    directions, hidden, steps, batch = states.shape
    # Numbers of one step, next to each other for the cache.
    state = np.empty((hidden, batch), np.float32)
    sums = np.empty((3 * hidden, batch), np.float32)
    for d in range(directions):
        state[:] = 0
        for t in in_order_read(steps, d):
            for g in range(3 * hidden):
                out, product, bias = sums[g], products[d, g, t], biases[1, d, g]
                if g < 2 * hidden:
                    bias += biases[0, d, g]
                    for b in range(batch):
                        out[b] = bias + product[b]
                else:
                    for b in range(batch):
                        out[b] = bias
                add_product(weights[d, g], state, out)
            for h in range(hidden):
                s_r, s_z, s_n = sums[h], sums[hidden + h], sums[2 * hidden + h]
                r, z, s = gates[d, t, h], gates[d, t, hidden + h], gates[d, t, 2 * hidden + h]
                product, n = products[d, 2 * hidden + h, t], candidates[d, t, h]
                bias, now, stored = biases[0, d, 2 * hidden + h], state[h], states[d, h, t]
                for b in range(batch):
                    r[b] = sigmoid(s_r[b])
                    z[b] = sigmoid(s_z[b])
                    s[b] = s_n[b]
                    n[b] = tanh(product[b] + bias + r[b] * s[b])
                    now[b] = n[b] + z[b] * (now[b] - n[b])
                    stored[b] = now[b]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def backward(
    gradient: Singles,
    weights: Singles,
    states: Singles,
    gates: Singles,
    candidates: Singles,
    of_products: Singles,
    of_sums: Singles,
) -> None:
    """Fill in the gradients of the products and of the sums.

    Args:
        gradient: of the states [D, H, T, b], without what they add to later states.
        weights: of the states [D, 3 H, H].
        states: [D, H, T, b], as ``forward`` filled them in; ``gates`` and ``candidates`` too.
        gates: r, z and s_n [D, T, 3 H, b].
        candidates: n [D, T, H, b].
        of_products: gradients of a [D, 3 H, T, b]; filled in.
        of_sums: gradients of s [D, 3 H, T, b]; filled in.
    """
    directions, hidden, steps, batch = states.shape
    start = np.zeros(batch, np.float32)
    # Numbers of one step, next to each other for the cache.
    through_states = np.empty((hidden, batch), np.float32)
    of_step = np.empty((3 * hidden, batch), np.float32)
    for d in range(directions):
        transposed = weights[d].T.copy()
        through_states[:] = 0
        order = in_order_read(steps, d)
        for position in range(steps - 1, -1, -1):
            t = order[position]
            for h in range(hidden):
                before = states[d, h, order[position - 1]] if position > 0 else start
                r, z, s = gates[d, t, h], gates[d, t, hidden + h], gates[d, t, 2 * hidden + h]
                n, total, through = candidates[d, t, h], gradient[d, h, t], through_states[h]
                of_r, of_z, of_s = of_step[h], of_step[hidden + h], of_step[2 * hidden + h]
                of_n = of_products[d, 2 * hidden + h, t]
                for b in range(batch):
                    of_state = total[b] + through[b]
                    of_n[b] = of_state * (ONE - z[b]) * (ONE - n[b] * n[b])
                    of_s[b] = of_n[b] * r[b]
                    of_r[b] = of_s[b] * s[b] * (ONE - r[b])
                    of_z[b] = of_state * (before[b] - n[b]) * z[b] * (ONE - z[b])
                    through[b] = of_state * z[b]
            for g in range(3 * hidden):
                of_sums[d, g, t] = of_step[g]
                if g < 2 * hidden:
                    of_products[d, g, t] = of_step[g]
            for h in range(hidden):
                add_product(transposed[h], of_step, through_states[h])


@njit(cache=True)
def in_order_read(
    steps: int,
    direction: int,
) -> npt.NDArray[np.int64]:
    """Return the steps [T] of a direction in the order in which it reads them."""
    order = np.arange(steps)
    return order if direction == 0 else order[::-1].copy()
