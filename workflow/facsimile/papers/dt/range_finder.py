"""A target that moves in the plane, seen by a range finder and an angle sensor.

The state is (position, velocity) along each of two axes. All numbers are those of the authors' file
lti_filter_config.yaml, of which two versions have different settings of the range finder.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

STEPS = 100
# Position and velocity along one axis after a step, and what noise adds to them.
OF_AXIS = np.array([[1.0, 0.6321], [0.0, 0.3679]])
NOISE_OF_AXIS = np.array([[0.1], [0.2]])
TRANSITION = np.kron(np.eye(2), OF_AXIS)
NOISE = np.kron(np.eye(2), NOISE_OF_AXIS)
START_MEAN = np.array([1.0, 0.0, 1.0, 0.0])
START_COVARIANCE = np.eye(4)
FIRST, SECOND = 0, 2  # places of both positions in a state
RELATIVE_ERROR = 0.1  # of a range plus 1, a standard deviation
ANGLE_ERROR = 0.1
RATE = 1.0  # of the exponential distribution, whose mean is thus 1
HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)
TURN = 2 * math.pi


class Sensor(NamedTuple):
    """A range finder and an angle sensor.

    A range is normal around the true one, or exponential (something is in the way), or uniform (the
    sensor fails); then it is cut off at 0 and at the largest range. An angle is normal around the
    true one, and wrapped.

    Attributes:
        largest: largest range.
        normal, exponential, uniform: probabilities of the three kinds of ranges, of sum 1.
        exchanged: whether ``log_likelihood`` is that of the released code, which exchanges the
            probabilities of exponential and uniform ranges and takes no account of the cut.
        wraps: whether the residual of each measurement is an angle.
    """

    largest: float
    normal: float
    exponential: float
    uniform: float
    exchanged: bool = False
    wraps: tuple[bool, bool] = (False, True)

    def sample(
        self,
        states: Floats,
        random: np.random.Generator,
    ) -> Floats:
        """Return a range and an angle [..., 2] for each of states [..., 4]."""
        distance, angle = polar(states)
        kind = random.random(distance.shape)
        normal = distance + RELATIVE_ERROR * (distance + 1) * random.normal(size=distance.shape)
        exponential = random.exponential(1 / RATE, distance.shape)
        uniform = random.uniform(0, self.largest, distance.shape)
        is_other = kind < self.normal + self.exponential
        measured = np.where(is_other, exponential, uniform)
        measured = np.where(kind < self.normal, normal, measured)
        noisy = angle + ANGLE_ERROR * random.normal(size=angle.shape)
        return np.stack([measured.clip(0, self.largest), wrapped(noisy)], -1)

    def log_likelihood(
        self,
        states: Floats,
        measured: Floats,
    ) -> Floats:
        """Return the log-density [...] of measurements [..., 2] for states [..., 4].

        Ranges of 0 and of the largest have probabilities instead of densities.
        """
        distance, angle = polar(states)
        ranges, angles = measured[..., 0], measured[..., 1]
        scale = RELATIVE_ERROR * (distance + 1)
        standardised = (ranges - distance) / scale
        normal = np.exp(-0.5 * standardised**2 - HALF_LOG_TAU) / scale
        exponential, uniform = self.exponential, self.uniform
        if self.exchanged:
            exponential, uniform = uniform, exponential
        others = exponential * RATE * np.exp(-RATE * ranges) + uniform / self.largest
        of_range = self.normal * normal + others
        if not self.exchanged:
            ranges = np.broadcast_to(ranges, distance.shape)
            # At each end, all of a normal distribution beyond it counts, and of an exponential one.
            at_0, at_end = ranges <= 0, ranges >= self.largest
            of_range[at_0] = self.normal * special.ndtr(standardised[at_0])
            beyond = self.exponential * math.exp(-RATE * self.largest)
            of_range[at_end] = self.normal * special.ndtr(-standardised[at_end]) + beyond
        # A tenth of a radian is so much less than a turn that one residual is enough.
        residual = wrapped(angles - angle) / ANGLE_ERROR
        log_angle = -0.5 * residual**2 - HALF_LOG_TAU - math.log(ANGLE_ERROR)
        return np.asarray(np.log(of_range) + log_angle)

    def moments(
        self,
        states: Floats,
        measurement: int,
    ) -> tuple[Floats, Floats, Floats]:
        """Return mean [n] and variance [n] of a measurement, and the gradient [n, 4] of its mean.

        Ranges are those before the cut, as in the released code.

        Args:
            states: states [n, 4].
            measurement: 0 for the range, 1 for the angle.
        """
        distance, angle = polar(states)
        gradient = np.zeros_like(states)
        first, second = states[:, FIRST], states[:, SECOND]
        if measurement:
            gradient[:, FIRST] = second / distance**2
            gradient[:, SECOND] = -first / distance**2
            return angle, np.full_like(angle, ANGLE_ERROR**2), gradient
        gradient[:, FIRST] = self.normal * first / distance
        gradient[:, SECOND] = self.normal * second / distance
        scale = RELATIVE_ERROR * (distance + 1)
        mean = self.normal * distance
        square = self.normal * (distance**2 + scale**2)
        # The mean square of an exponential variable is twice its squared mean.
        mean += self.exponential / RATE + self.uniform * self.largest / 2
        square += self.exponential * 2 / RATE**2 + self.uniform * self.largest**2 / 3
        return mean, square - mean**2, gradient


# commit ea83d29 and commit 844b337 of GWhittle110/distribution-transformers
SENSORS = (Sensor(10.0, 0.7, 0.2, 0.1), Sensor(30.0, 0.79, 0.2, 0.01))


def sensor_of(
    setting: int,
    exchanged: bool = False,
) -> Sensor:
    """Return the sensor of a setting, 0 or 1."""
    return SENSORS[setting]._replace(exchanged=exchanged)


def polar(states: Floats) -> tuple[Floats, Floats]:
    """Return distance and angle [...] of states [..., 4]; the angle is 0 on the second axis."""
    first, second = states[..., FIRST], states[..., SECOND]
    return np.hypot(first, second), np.arctan2(first, second)


def wrapped(angle: Floats) -> Floats:
    """Return angles from -π to π."""
    return np.asarray(angle - TURN * np.round(angle / TURN))


def trajectories(
    series: int,
    random: np.random.Generator,
) -> Floats:
    """Return states [series, steps, 4]."""
    states = np.empty((series, STEPS, 4))
    states[:, 0] = START_MEAN + random.normal(size=(series, 4)) @ np.sqrt(START_COVARIANCE)
    for step in range(1, STEPS):
        states[:, step] = moved(states[:, step - 1], random)
    return states


def moved(
    states: Floats,
    random: np.random.Generator,
) -> Floats:
    """Return states [..., 4] after one step of the motion."""
    noise = random.normal(size=(*states.shape[:-1], NOISE.shape[1]))
    return np.asarray(states @ TRANSITION.T + noise @ NOISE.T)
