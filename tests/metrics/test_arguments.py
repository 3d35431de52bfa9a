"""What ``facsimile.score`` takes as arrays, and what it refuses with a remedy."""

import numpy as np
import pandas as pd
import pytest

import facsimile
from facsimile.metrics.base import arguments, factor_values
from facsimile.metrics.base.rows import ScoreWarning

FACTORS = np.repeat(np.indices((3, 4, 5)).reshape(3, -1).T, 4, axis=0)
N = len(FACTORS)
CODES = FACTORS + np.random.default_rng(0).normal(0, 0.1, FACTORS.shape)
HIDDEN = np.arange(N) % 3 == 0
NAMES = ["shape", "size", "x"]


def mig(codes=CODES, factors=FACTORS, **options):
    return facsimile.score(codes, factors, "mig", **options).value[0]


def frame(factors=FACTORS):
    return pd.DataFrame(factors, columns=NAMES)


TAKEN = {
    "whole floats": (CODES, FACTORS.astype(float)),
    "lists": (CODES.tolist(), FACTORS.tolist()),
    "big-endian": (CODES.astype(">f8"), FACTORS.astype(">i4")),
    "unsigned": (CODES, FACTORS.astype(np.uint8)),
    "frames": (pd.DataFrame(CODES), frame()),
    "frames of floats": (pd.DataFrame(CODES), frame(FACTORS.astype(float))),
    "a frame and an array": (pd.DataFrame(CODES, index=np.arange(N)[::-1]), FACTORS),
    "nullable integers": (CODES, frame().astype("Int64")),
    "Arrow integers": (CODES, frame().astype("int64[pyarrow]")),
    "nullable floats": (pd.DataFrame(CODES).astype("Float64"), frame().astype("UInt8")),
    "objects": (CODES, frame().astype(object)),
    "an array of objects": (CODES, FACTORS.astype(object)),
    "categories": (CODES, frame().astype("category")),
    "ordered text": (
        CODES,
        frame().assign(shape=pd.Categorical.from_codes(FACTORS[:, 0], ["a", "b", "c"])),
    ),
    "nothing masked": (np.ma.masked_array(CODES, mask=False), np.ma.masked_array(FACTORS)),
    "an offset that float32 holds": (CODES + 1000, FACTORS),
}


@pytest.mark.parametrize("name", TAKEN)
def test_the_same_numbers_in_another_type_have_the_same_score(name):
    codes, factors = TAKEN[name]
    assert mig(codes, factors) == pytest.approx(mig(), abs=2e-3)


def test_a_boolean_column_among_integers():
    factors = frame().assign(big=FACTORS[:, 1] > 1)
    expected = np.c_[FACTORS, FACTORS[:, 1] > 1]
    assert mig(CODES, factors) == mig(CODES, expected)


ROWS = f"masked in {HIDDEN.sum()} rows; leave these rows out"
SHUFFLED = pd.DataFrame(CODES).sample(frac=1, random_state=0)
REFUSED = {
    "masked codes": (np.ma.masked_equal(np.where(HIDDEN[:, None], -9, CODES), -9), FACTORS, ROWS),
    "masked factors": (
        CODES,
        np.ma.masked_equal(np.where(HIDDEN[:, None], -1, FACTORS), -1),
        ROWS,
    ),
    "a list of masked rows": (
        list(np.ma.masked_equal(np.where(HIDDEN[:, None], -9, CODES), -9)),
        FACTORS,
        ROWS,
    ),
    "complex": (CODES * 1j, FACTORS, "not complex128; concatenate codes.real and codes.imag"),
    "complex frame": (pd.DataFrame(CODES * 1j), FACTORS, "concatenate codes.real"),
    "text": (CODES.astype(str), FACTORS, "codes must be real numbers, not <U"),
    "text factors": (CODES, FACTORS.astype(str), "number the values of each column"),
    "text column": (
        CODES,
        frame().assign(shape=np.array(["a", "b", "c"])[FACTORS[:, 0]]),
        r"column 'shape' is .*; number the values of each column: .*astype\('category'\)",
    ),
    "dates": (CODES.astype("datetime64[s]"), FACTORS, "convert dates to numbers"),
    "date column": (CODES, frame().assign(x=pd.Timestamp("2024-01-01")), "convert dates"),
    "durations": (CODES.astype("timedelta64[s]"), FACTORS, "divide by a unit of time"),
    "records": (np.zeros(N, "f4,f4"), FACTORS, "structured_to_unstructured"),
    "missing objects": (CODES, np.where(HIDDEN[:, None], None, FACTORS), "values are missing"),
    "missing integers": (
        CODES,
        frame().astype("Int64").mask(np.tile(HIDDEN[:, None], 3)),
        "column 'shape' has 80 missing values; leave these rows out",
    ),
    "missing floats": (
        CODES,
        np.where(HIDDEN[:, None], np.nan, FACTORS),
        r"codes\): column 0 has 80 missing or infinite values, the first at row 0",
    ),
    "an offset that float32 loses": (
        CODES + 1e8,
        FACTORS,
        r"float32 cannot tell apart .* column 0, with mean 1e\+08 .*codes - codes.mean\(axis=0\)",
    ),
    "values that float32 rounds to 0": (CODES * 1e-60, FACTORS, "multiply them by a constant"),
    "large integers": (FACTORS + 10**12, FACTORS, "float32 cannot tell apart"),
    "another order": (SHUFFLED, frame(), r"another order; .*factors.loc\[codes.index\]"),
    "other labels": (
        pd.DataFrame(CODES, index=np.arange(N) + 7),
        frame(),
        r"different labels; .*reset_index\(drop=True\)",
    ),
    "labels of several types": (
        pd.DataFrame(CODES, index=[*range(N - 1), "last"]),
        frame(),
        r"different labels; .*reset_index\(drop=True\)",
    ),
    "a series": (CODES, frame()["size"], r"factors\[:, None\]"),
    "categories of text as codes": (
        pd.DataFrame(CODES).astype(str).astype("category"),
        FACTORS,
        "column 0 has categories that are no numbers",
    ),
    "a column of arrays": (
        pd.DataFrame({"z": list(CODES)}),
        FACTORS,
        r"column 'z': each value is of type ndarray, .*numpy.stack\(list\(column\)\)",
    ),
    "an array of arrays": (
        np.fromiter(iter(CODES), dtype=object, count=N),
        FACTORS,
        r"numpy.stack\(list\(codes\)\)",
    ),
    "a mapping": (dict(enumerate(CODES.T)), FACTORS, r"not dict; pass numpy.stack.*values\(\)"),
    "an iterator": (iter(CODES), FACTORS, r"must be an array, not .*; pass numpy.stack"),
    "ragged rows": ([[1.0], [1.0, 2.0]], FACTORS, "codes: rows have different lengths"),
    "both transposed": (CODES.T, FACTORS[:, :2].T, "transpose both: codes.T and factors.T"),
    "factors transposed": (CODES, FACTORS.T, "transpose factors: factors.T"),
    "four dimensions": (CODES[:, :, None, None], FACTORS, r"reshape\(len\(codes\), -1\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_types_are_refused_with_a_remedy(name):
    codes, factors, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        mig(codes, factors)
    good = CODES, FACTORS
    with pytest.raises(ValueError, match=message):
        facsimile.score_draws(good, (codes, factors), metrics="mig")


def test_model_outputs_are_read_alike():
    holes = np.ma.masked_less(CODES, 0.0)
    with pytest.raises(ValueError, match="log_variances are masked"):
        mig(log_variances=holes)
    with pytest.raises(ValueError, match=r"peers\[0\] codes are masked"):
        mig(peers=[(holes, CODES)])
    with pytest.raises(ValueError, match="log_variances must be real numbers, not complex128"):
        mig(log_variances=CODES * 1j)
    with pytest.raises(ValueError, match="index of codes and that of log_variances"):
        mig(pd.DataFrame(CODES), log_variances=SHUFFLED)


def test_tensors():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(CODES, dtype=torch.float32)
    factors = torch.tensor(FACTORS)
    assert mig(tensor, factors) == mig(CODES.astype(np.float32))
    assert mig(tensor.clone().requires_grad_(), factors) == mig(tensor)
    assert mig(list(tensor.clone().requires_grad_()), factors) == mig(tensor)
    halved = tensor.bfloat16()
    assert mig(halved, factors) == mig(halved.float().numpy())
    with pytest.raises(ValueError, match=r"codes is a sparse tensor; pass codes.to_dense\(\)"):
        mig(tensor.to_sparse(), factors)


def test_short_floats_of_other_libraries():
    short = pytest.importorskip("ml_dtypes").bfloat16
    assert mig(CODES.astype(short)) == mig(CODES.astype(short).astype(np.float32))


def test_a_sparse_matrix():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(ValueError, match=r"sparse matrix; pass codes.toarray\(\)"):
        mig(sparse.csr_matrix(CODES))


# Continuous factors -------------------------------------------------------------------

RANDOM = np.random.default_rng(0)
ANGLES = RANDOM.random((2000, 2)) * 2 * np.pi
OF_ANGLES = ANGLES + RANDOM.normal(0, 0.01, ANGLES.shape)


def test_a_continuous_factor_is_recognised():
    advice = r"column 0 has 2,000 values in 2,000 rows.*looks continuous.*bins=20 .*--bins 20"
    with pytest.raises(ValueError, match=advice):
        mig(OF_ANGLES, ANGLES)


@pytest.mark.parametrize("dtype", [np.int64, np.uint32, float])
def test_an_identifier_is_recognised_and_its_cost_is_said(dtype):
    ranks = ANGLES.argsort(axis=0).argsort(axis=0).astype(dtype)
    message = r"column 0 has 2,000 values in 2,000 rows: .* take about \d+ (s|min); .*bins=20"
    with pytest.raises(ValueError, match=message):
        facsimile.score(np.tile(OF_ANGLES, (1, 8)), ranks, "dci,sap,downstream")
    with pytest.raises(ValueError, match="looks continuous"):
        facsimile.score_draws((OF_ANGLES, ranks), (OF_ANGLES, ranks), "mig")
    assert np.isfinite(facsimile.score(OF_ANGLES, ranks, "unsupervised").value).all()


def test_an_identifier_of_a_few_rows_is_recognised():
    factors = np.c_[np.arange(18) % 3, np.arange(18)]
    with pytest.raises(ValueError, match=r"column 1 has 18 values in 18 rows.*leave it out"):
        mig(OF_ANGLES[:18], factors)


def test_one_identifier_is_no_full_grid_though_each_value_has_one_row():
    with pytest.raises(ValueError, match="looks continuous"):
        facsimile.score(OF_ANGLES, np.arange(2000)[:, None], "mig")


def test_many_levels_that_are_not_whole_may_be_numbered_or_binned():
    levels = np.round(ANGLES, 1) + 0.05
    with pytest.raises(ValueError, match=r"number them: numpy.unique.*, or divide it into bins"):
        mig(OF_ANGLES, levels)


def test_bins_give_what_binning_by_hand_gives():
    binned = np.stack(
        [np.digitize(a, np.linspace(a.min(), a.max(), 21)[1:-1]) for a in ANGLES.T], axis=1
    )
    by_us = facsimile.score(OF_ANGLES, ANGLES, "mig,sap", bins=20)
    by_hand = facsimile.score(OF_ANGLES, binned, "mig,sap")
    assert by_us.value.tolist() == by_hand.value.tolist()
    assert by_us.value[0] > 0.8
    assert set(by_us.bins) == {"column 0: 20, column 1: 20"}
    assert set(by_hand.bins) == {""}


@pytest.mark.parametrize("offset", [0, 17 * 10**17])
def test_bins_of_large_integers(offset):
    """Nanoseconds of today differ where float64 does not; identifiers may fill 64 bits."""
    column = np.arange(101) + offset
    np.testing.assert_array_equal(
        factor_values.binned(column, 4), np.minimum(np.arange(101) // 25, 3)
    )
    ends = np.array([-(2**63), -(2**62), 0, 2**62, 2**63 - 1])
    np.testing.assert_array_equal(factor_values.binned(ends, 4), [0, 1, 2, 3, 3])


def test_bins_of_some_columns():
    factors = pd.DataFrame({"angle": ANGLES[:, 0], "big": ANGLES[:, 1] > 3})
    table = facsimile.score(OF_ANGLES, factors, "mig", bins={"angle": 10})
    assert table.bins[0] == "column 'angle': 10"
    # A factor of few values stays as it is.
    assert facsimile.score(OF_ANGLES, factors, "mig", bins=10).bins[0] == "column 'angle': 10"
    with pytest.raises(ValueError, match="did you mean 'angle'"):
        facsimile.score(OF_ANGLES, factors, "mig", bins={"angel": 10})
    for wrong in (1, 2.5, True, 10**6):
        with pytest.raises(ValueError, match="bins must be a number of bins, 2 to 1,000"):
            facsimile.score(OF_ANGLES, factors, "mig", bins=wrong)


def test_bins_of_given_points_are_those_of_both_parts():
    train, test = (OF_ANGLES[:1500], ANGLES[:1500]), (OF_ANGLES[1500:], ANGLES[1500:] / 2)
    points, n_train = arguments.train_and_test(train, test, bins=4)
    whole = factor_values.binned(np.concatenate((train[1], test[1]))[:, 0], 4)
    np.testing.assert_array_equal(points.factors[:, 0], whole)
    assert n_train == 1500
    assert facsimile.score_draws(train, test, "mig", bins=4).bins[0] == "column 0: 4, column 1: 4"


def test_many_values_warn():
    many = np.c_[(ANGLES[:, 0] * 15).astype(int), ANGLES[:, 1] > 3]
    with pytest.warns(ScoreWarning, match=r"column 0 has 95 values in 2,000 rows, and scores"):
        mig(OF_ANGLES, many)


def test_a_grid_may_have_a_factor_of_many_values():
    factors = np.indices((2, 150)).reshape(2, -1).T
    assert mig(factors.astype(float), factors, n_train=3000) > 0.5


def test_a_metric_that_would_not_end_is_refused_with_its_cost():
    factors = np.indices((2, 200_000)).reshape(2, -1).T
    with pytest.raises(ValueError, match=r"about \d+ h: factor column 1 has [\d,]+ values"):
        facsimile.score(np.zeros((400_000, 5)), factors, "downstream")


# Settings -----------------------------------------------------------------------------

SETTINGS = [
    ({"seed": -1}, "seed must be a whole number from 0 to"),
    ({"seed": 1.5}, "seed must be a whole number"),
    ({"seed": None}, "seed must be a whole number"),
    ({"seed": "0"}, "seed must be a whole number"),
    ({"seed": 2**32}, "seed must be a whole number"),
    ({"seed": True}, "seed must be a whole number"),
    ({"n_train": True}, "n_train is a number of points"),
    ({"metrics": "mig.mig"}, "'mig.mig' is a score of a metric; name the metric, 'mig'"),
    ({"metrics": "MIGG"}, "did you mean 'mig'"),
    ({"bins": {"0": 3}}, "columns have numbers for names here: 0, not '0'"),
]


@pytest.mark.parametrize(("setting", "message"), SETTINGS)
def test_a_setting_that_would_be_ignored_or_misread_is_refused(setting, message):
    settings = {"metrics": "mig"} | setting
    with pytest.raises(ValueError, match=message):
        facsimile.score(CODES, FACTORS, **settings)


def test_a_convention_is_a_name():
    with pytest.raises(TypeError, match="convention must be a name"):
        facsimile.score(CODES, FACTORS, "mig", convention=None)


def test_given_points_need_a_seed_that_can_be_repeated():
    points = CODES, FACTORS
    with pytest.raises(ValueError, match="seed must be a whole number"):
        facsimile.score_draws(points, points, "mig", seed=None)
