"""Pendulum and flow: counts, equations by hand, interventions, and pictures beside matplotlib's."""

import math

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import patches
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from facsimile.datasets.base import drawing
from facsimile.datasets.pendulum import Pendulum
from facsimile.papers.causalvae.datasets.flow import Flow

BOTH = pytest.mark.parametrize("scene", [Pendulum, Flow])


@pytest.mark.parametrize(("scene", "train", "test"), [(Pendulum, 5482, 1826), (Flow, 6480, 1620)])
def test_counts_are_the_official_ones(scene, train, test):
    held_out = scene.held_out()
    assert len(scene.grid()) == scene.rows == train + test
    assert held_out.sum() == test


def test_so_many_official_pictures_of_the_flow_overwrite_another():
    names = np.trunc(Flow.grid()[~Flow.held_out()])
    assert len(np.unique(names, axis=0)) == 6480 - 1226


def test_a_shadow_is_where_the_rays_meet_the_ground():
    # At 45 degrees the rays through (10, 10.5) and (10, 1) meet y = -0.5 at x = -1 and 8.5.
    labels = Pendulum.intervene(np.zeros((1, 4)), 1, np.array([50.0]))
    assert labels[0].tolist() == pytest.approx([0, 50, 9.5, 3.75])
    # In line with the light, the pendulum casts a point, drawn 3 units long.
    assert Pendulum.intervene(np.zeros((1, 4)), 1, np.array([99.999]))[0, 2] == 3


def test_water_flows_as_far_as_its_height_and_the_hole_make_it():
    row = np.array(
        [[30.0, 1.0 + 0.5, 0, 6]]
    )  # a ball of radius 1 in water that was poured 0.5 high
    assert Flow.intervene(row, 3, np.array([6.0]))[0, 2] == pytest.approx(
        10 * math.sqrt(2 * 0.98 * 1.5 * 1.5)
    )
    smaller = Flow.intervene(row, 0, np.array([15.0]))[0]
    assert smaller[1] == pytest.approx(0.5**3 + 0.5)
    assert smaller[2] == pytest.approx(10 * math.sqrt(2 * 0.98 * 0.625 * 1.5))


@BOTH
def test_an_intervention_reaches_descendants_alone(scene):
    labels = scene.grid()[5::97]
    others = np.roll(labels, 31, axis=0)
    reached = np.linalg.matrix_power(np.eye(4) + scene.graph(), 4) > 0
    for k in range(4):
        changed = scene.intervene(labels, k, others[:, k])
        np.testing.assert_array_equal(changed[:, k], others[:, k])
        assert ((changed != labels).any(axis=0) == reached[k]).all()
        np.testing.assert_allclose(scene.intervene(labels, k, labels[:, k]), labels)


@BOTH
def test_its_graph_is_one_without_cycles(scene):
    assert not np.linalg.matrix_power(scene.graph(), 4).any()


@pytest.mark.parametrize("angle", [0.0, 0.5])
def test_coverage_adds_up_to_a_shapes_area(angle):
    canvas = drawing.Canvas((0, 0), (20, 20))
    wide, high = canvas.scale
    outline = drawing.POINT / 2
    disc = canvas.ellipse(10, 10, 4).sum()
    assert disc == pytest.approx(math.pi * (4 * wide + outline) * (4 * high + outline), rel=0.01)
    ends = [5.0], [8.0], [5 + 9 * math.cos(angle)], [8 + 9 * math.sin(angle)]
    line = canvas.segment(ends[:2], ends[2:], points=3).sum()
    length = math.hypot(9 * math.cos(angle) * wide, 9 * math.sin(angle) * high)
    assert line == pytest.approx(length * 3 * drawing.POINT, rel=0.01)


def by_matplotlib(low, high, shapes):
    """A picture [96, 96, 3] of the official size, of artists."""
    with mpl.rc_context(mpl.rcParamsDefault):
        figure = Figure(figsize=(1, 1), dpi=96)
        axes = figure.add_subplot()
        for shape in shapes:
            axes.add_artist(shape)
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        axes.axis("off")
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].astype(int)


def line(*ends, width):
    return patches.Polygon(ends, closed=True, color="black", linewidth=width)


def test_a_pendulum_looks_as_matplotlib_draws_it():
    row = Pendulum.grid()[[1234]]
    theta, phi, length, position = row[0] * [math.pi / 200, math.pi / 200, 1, 1]
    ball = 10 + 8 * math.sin(theta), 10.5 - 8 * math.cos(theta)
    light = 10 + 10 / math.tan(phi)
    shapes = [
        line((10, 10.5), ball, width=3),
        patches.Circle(ball, 1.5, color="firebrick"),
        patches.Circle((light, 20.5), 3, color="orange"),
        line((position - length / 2, -0.5), (position + length / 2, -0.5), width=3),
    ]
    away = np.abs(by_matplotlib((0, -1), (20, 21), shapes) - Pendulum.draw(row)[0])
    assert away.mean() < 0.2  # grey levels of 255
    assert (away.max(axis=2) > 32).sum() <= 8


def test_a_cup_looks_as_matplotlib_draws_it():
    row = Flow.grid()[[4321]]
    ball, water, reach, hole = row[0]
    y = np.linspace(hole / 3, 0.5)
    x = 8 + reach / 10 * Flow.noise(row)[0] * np.sqrt((hole / 3 - y) / (hole / 3 - 0.5))
    shapes = [
        patches.Rectangle((3, 0), 5, 5 + water, color="lightskyblue"),
        line((3, 0), (3, 19), width=2),
        line((8, 0), (8, hole / 3), width=2),
        line((8, hole / 3 + 0.4), (8, 19), width=2),
        patches.Circle((5.5, ball / 30 + 0.5), ball / 30, color="firebrick"),
        Line2D(x, y, color="lightskyblue", linewidth=2),
        Line2D((0, 20), (0.2, 0.2), color="black", linewidth=2),
    ]
    away = np.abs(by_matplotlib((0, 0), (20, 20), shapes) - Flow.draw(row)[0])
    assert away.mean() < 0.2
    assert (away.max(axis=2) > 32).sum() <= 8
