"""``facsimile.evaluate`` and ``facsimile.draws``: rows, equality with ``score``, bad encoders."""

import numpy as np
import pandas as pd
import pytest

import facsimile
from facsimile import datasets
from facsimile.datasets import DatasetError
from facsimile.datasets.toy import Toy
from facsimile.metrics import STUDY
from facsimile.scoring.encoder import EncodeError
from facsimile.scoring.score_inputs import Images

POINTS = {"n_train": 60, "n_test": 30}
SETTINGS = POINTS | {"progress": False}
WEIGHTS = np.random.default_rng(0).normal(size=(3, 64, 64, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("evaluate") / "toy.h5"


@pytest.fixture(scope="module")
def toy(path):
    """96 images: a full grid of 2 x 3 x 4 x 4."""
    return facsimile.dataset("toy", path).subgrid({"x_position": 2, "y_position": 2})


def means(images):
    """Three weighted sums of the pixels of each image, computed image by image."""
    sums = [
        (images * weights).sum(axis=(1, 2, 3)) for weights in WEIGHTS[:, :, :, : images.shape[3]]
    ]
    return np.stack(sums, axis=1) / 10


def means_and_log_variances(images):
    return means(images), np.log1p(images.sum(axis=(1, 2, 3)))[:, None] - [7.0, 8.0, 9.0]


def factors_of(data):
    return data.factors(np.arange(len(data)))


def of_all_rows(data, seed=0):
    """Means and log-variances of every image."""
    return means_and_log_variances(Images(data, seed)[np.arange(len(data))])


def assert_same_scores(table, whole):
    """All columns of ``score`` but the seconds are the same, to the last bit."""
    columns = whole.columns.drop("seconds")
    pd.testing.assert_frame_equal(table[columns], whole[columns], check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize("sampling", ["auto", "disjoint"])
def test_the_scores_are_those_of_the_whole_table(toy, sampling):
    codes, _ = of_all_rows(toy)
    settings = POINTS | {"metrics": "mig,sap,irs,mcc,modularity", "sampling": sampling}
    table = facsimile.evaluate(means, toy, **settings, batch_size=7, progress=False)
    assert_same_scores(table, facsimile.score(codes, factors_of(toy), **settings))


@pytest.mark.slow
def test_a_metric_that_draws_further_points_has_them_encoded(toy):
    """Downstream accuracy samples points for each number of them, from a full grid."""
    codes, _ = of_all_rows(toy)
    settings = {"metrics": "dci,downstream", "n_train": 20, "n_test": 10}
    recorder = Recorder()
    table = facsimile.evaluate(recorder, toy, **settings, progress=False)
    assert_same_scores(table, facsimile.score(codes, factors_of(toy), **settings))
    assert len(recorder.images) > len(facsimile.draws(toy, 20, 10).distinct)


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["factor_vae_score", "chen_mig", "d_lsbd", "active_units"])
def test_metrics_of_the_whole_table_and_of_log_variances_are_the_same_too(toy, metric):
    codes, log_variances = of_all_rows(toy)
    table = facsimile.evaluate(means_and_log_variances, toy, metrics=metric, **SETTINGS)
    outputs = {"log_variances": log_variances}
    assert_same_scores(table, facsimile.score(codes, factors_of(toy), metric, **outputs, **POINTS))


class NoisyToy(Toy):
    """Toy images with a brightness that is drawn at every read."""

    stochastic = True

    def _images(self, indices, rng):
        brightness = rng.uniform(0.5, 1, (len(indices), 1, 1, 1))
        return np.rint(super()._images(indices, None) * brightness).astype(np.uint8)


@pytest.mark.slow
def test_images_that_are_drawn_are_the_same_whichever_rows_are_encoded(path, toy):
    data = NoisyToy.open(path)
    settings = POINTS | {"metrics": "mig,modularity", "seed": 3}
    table = facsimile.evaluate(means, data, **settings, batch_size=7, progress=False)
    codes, _ = of_all_rows(data, seed=3)
    assert_same_scores(table, facsimile.score(codes, factors_of(data), **settings))
    others, _ = of_all_rows(data, seed=4)
    assert (codes != others).any(axis=1).mean() > 0.9


class Recorder:
    """An encoder that records the sizes of its batches and the images that it was given."""

    def __init__(self):
        self.sizes, self.images = set(), set()

    def __call__(self, images):
        self.sizes.add(len(images))
        self.images |= {image.tobytes() for image in images}
        assert images.dtype == np.float32
        assert 0 <= images.min() < images.max() <= 1
        return means(images)


def test_only_the_drawn_rows_are_encoded_in_batches_of_one_size(toy, capsys):
    recorder = Recorder()
    table = facsimile.evaluate(recorder, toy, n_train=30, n_test=10, batch_size=8)
    drawn = facsimile.draws(toy, n_train=30, n_test=10)
    assert recorder.sizes == {8}
    assert recorder.images == {image.tobytes() for image in Images(toy, 0)[drawn.distinct]}
    assert set(table["metric"]) == set(STUDY) - {"beta_vae_score", "factor_vae_score"}
    printed = capsys.readouterr().err
    assert f"{len(drawn.distinct)} of 96 images are encoded" in printed
    assert f"encoded {len(drawn.distinct)} of {len(drawn.distinct)} images" in printed


def test_metrics_of_the_whole_table_have_every_image_encoded(toy):
    recorder = Recorder()
    facsimile.evaluate(recorder, toy, metrics="factor_vae_score", **SETTINGS)
    assert len(recorder.images) == len(toy)


def test_drawn_rows_are_those_of_score(toy):
    """Points that are taken by these rows have the scores that the whole table has."""
    codes, _ = of_all_rows(toy)
    factors = factors_of(toy)
    drawn = facsimile.draws(toy, **POINTS, seed=5)
    parts = [(codes[rows], factors[rows]) for rows in drawn]
    points = facsimile.score_draws(*parts, metrics="mig,sap,explicitness", seed=5)
    whole = facsimile.score(codes, factors, "mig,sap,explicitness", seed=5, **POINTS)
    np.testing.assert_array_equal(points["value"], whole["value"])
    of_factors = facsimile.draws(factors.tolist(), **POINTS, seed=5)
    np.testing.assert_array_equal(of_factors.distinct, drawn.distinct)


def test_drawn_rows_of_a_sample_are_split():
    factors = np.random.default_rng(0).integers(0, 4, (300, 2))
    drawn = facsimile.draws(factors, n_train=200, n_test=90)
    assert (len(drawn.train), len(drawn.test), len(drawn.distinct)) == (200, 90, 290)
    with pytest.raises(ValueError, match="did you mean 'disjoint'"):
        facsimile.draws(factors, sampling="disjoin")
    with pytest.raises(ValueError, match="factors must be integers"):
        facsimile.draws(factors / 3)


def test_dsprites_needs_a_fiftieth_of_its_images():
    drawn = facsimile.draws("dsprites")
    assert len(drawn.train) == 10_000
    assert len(drawn.distinct) == 14_865


# Encoders that cannot be used, and what is said about them.
def changed(change):
    return lambda images: change(means(images))


RANDOM = np.random.default_rng(0)
BAD = {
    "fewer rows": (changed(lambda z: z[:-1]), r"means of shape \[15, 3\] for 16 images; return"),
    "flat": (changed(lambda z: z[:, 0]), r"means of shape \[16\] for 16 images"),
    "no codes": (changed(lambda z: z[:, :0]), r"means of shape \[16, 0\]"),
    "interleaved": (changed(lambda z: np.stack([z, z], 2)), r"means of shape \[16, 3, 2\]"),
    "three": (changed(lambda z: (z, z, z)), r"a tuple of 3; return means \[n, d\], or a tuple"),
    "a mapping": (changed(lambda z: {"mu": z}), "means of type dict"),
    "text": (changed(lambda z: z.astype(str)), "means must be real numbers, not <U"),
    "not finite": (changed(lambda z: z / 0), r"means that are not finite .*: -?inf for code 0 of"),
    "beyond float32": (changed(lambda z: z.astype(float) * 1e200), "not finite"),
    "float32 loses it": (changed(lambda z: z.astype(float) + 1e9), "float32 cannot tell apart"),
    "log-variances": (changed(lambda z: (z, z[:, :2])), r"\[16, 3\] and log_variances \[16, 2\]"),
    "log-variances of NaN": (changed(lambda z: (z, z * np.nan)), "log_variances that are not fin"),
    "a sample": (changed(lambda z: z + RANDOM.normal(size=z.shape)), "the same batch: it draws"),
    "normalised": (
        changed(lambda z: (z - z.mean(axis=0)) / z.std(axis=0)),
        r"depend on the other images of the batch, as with batch norm.*module.eval\(\)",
    ),
    "fails": (
        lambda images: images @ WEIGHTS[0],
        r"failed for images float32 \[16, 64, 64, 1\], from 0 to 1, channels last .*: ValueError",
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize(("encode", "message"), BAD.values(), ids=BAD)
def test_an_encoder_that_cannot_be_used_is_refused_after_a_few_images(toy, encode, message):
    calls = []

    def counted(images):
        calls.append(len(images))
        return encode(images)

    with pytest.raises(EncodeError, match=message):
        facsimile.evaluate(counted, toy, batch_size=16, metrics="mig", **SETTINGS)
    assert len(calls) <= 3


def test_an_image_whose_codes_are_not_finite_is_named(toy):
    rows = facsimile.draws(toy, **POINTS)
    # The last one in rising order, which is not among the images that are tried first.
    [wrong] = np.setdiff1d(rows.distinct, rows.train[:8])[-1:]
    image = Images(toy, 0)[[wrong]]

    def encode(images):
        is_wrong = (images == image).all(axis=(1, 2, 3))
        return np.where(is_wrong[:, None], np.nan, means(images))

    with pytest.raises(EncodeError, match=rf"nan for code 0 of image {wrong}$"):
        facsimile.evaluate(encode, toy, batch_size=8, metrics="mig", **SETTINGS)


def test_all_batches_have_the_same_codes(toy):
    calls = []

    def encode(images):
        calls.append(images)
        return means(images)[:, : 3 if len(calls) < 5 else 2]

    with pytest.raises(EncodeError, match="3 means per image before, and 2 for the batch from im"):
        facsimile.evaluate(encode, toy, batch_size=8, metrics="mig", **SETTINGS)


def never(images):
    raise AssertionError("nothing may be encoded")


WRONG = {
    "metric": ({"metrics": "mgi"}, "no metric 'mgi'; did you mean 'mig'"),
    "convention": ({"metrics": "mig", "convention": "exat"}, "did you mean 'exact'"),
    "decoder": ({"metrics": "elbo"}, "elbo needs decoder, images, which an encoder does not prov"),
    "peers": ({"metrics": "udr"}, "udr needs peers, which"),
    "of a run": ({"metrics": "cone_objective"}, "computed from the outputs of a run"),
    "name": ({"dataset": "dsprits"}, "no data set 'dsprits'; did you mean 'dsprites'"),
    "arrays": ({"dataset": "mnist"}, "mnist is a data set of arrays"),
    "kind": ({"dataset": 3}, "dataset must be a name or an opened data set, not 3"),
    "points": ({"n_train": 0}, "n_train is a number of points"),
    "batch": ({"batch_size": 0}, "batch_size is a number of images, 1 or more, not 0"),
    "sampling": ({"sampling": "all"}, "no kind of sampling 'all'"),
    "few points": ({"n_train": 1}, "have one value in all 1 training points"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_refused_before_anything_is_encoded(toy, changes, message):
    arguments = SETTINGS | {"dataset": toy} | changes
    with pytest.raises(ValueError, match=message):
        facsimile.evaluate(never, **arguments)


def test_a_data_set_that_must_be_downloaded_is_not(tmp_path):
    path = tmp_path / "cars3d.h5"
    message = rf"{path}: missing, .*make it once: facsimile data cars3d \(which downloads them\)"
    with pytest.raises(DatasetError, match=message):
        facsimile.evaluate(never, "cars3d", **SETTINGS, path=path)


def test_a_metric_of_log_variances_is_refused_after_a_few_images(toy):
    recorder = Recorder()
    with pytest.raises(ValueError, match=r"chen_mig needs log_variances; let encode return a tup"):
        facsimile.evaluate(recorder, toy, metrics="mig,chen_mig", batch_size=8, **SETTINGS)
    assert len(recorder.images) <= 8


class Line(Toy):
    """30 images with one factor: each value in one image."""

    factor_sizes = (1, 1, 30, 1)


def test_a_factor_of_as_many_values_as_images_is_refused_as_by_score():
    data = Line(np.arange(30 * 64 * 64).reshape(30, 64, 64, 1).astype(np.uint8), {})
    with pytest.raises(ValueError, match="column 2 has 30 values in 30 rows: it looks continuous"):
        facsimile.score(of_all_rows(data)[0], factors_of(data), "mig", **POINTS)
    with pytest.raises(ValueError, match="x_position has 30 values in 30 rows: it looks contin"):
        facsimile.evaluate(means, data, metrics="mig", **SETTINGS)


@pytest.mark.parametrize(
    ("encode", "message"),
    [(3, "must be a function or a torch module, not 3"), (Recorder, "class Recorder; give an ob")],
)
def test_what_cannot_be_called_is_no_encoder(toy, encode, message):
    with pytest.raises(ValueError, match=message):
        facsimile.evaluate(encode, toy, **SETTINGS)


@pytest.mark.slow
def test_a_data_set_is_opened_by_its_name_and_made_if_it_is_generated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    by_name = facsimile.evaluate(means, "toy", metrics="mig", **SETTINGS)
    assert (tmp_path / "results/data/toy.h5").exists()
    data = datasets.dataset("toy")
    opened = facsimile.evaluate(means, data, metrics="mig", **SETTINGS)
    assert by_name["value"][0] == opened["value"][0]
