import hashlib
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from optlab.errors import UserError
from optlab.plugins.datasets.breast_cancer import breast_cancer
from optlab.plugins.datasets.digits import digits
from optlab.plugins.datasets.moons import moons
from optlab.plugins.datasets.spirals import spirals
from optlab.plugins.datasets.xor import xor
from optlab.plugins.problems.base import Data
from optlab.plugins.problems.split import split

ROOT = Path(__file__).parents[3]
FILES = ROOT / "optlab" / "plugins" / "datasets" / "data"
GENERATED = [moons, spirals, xor]
ALL = [breast_cancer, digits, *GENERATED]


def named(declared):
    return declared.name


def test_digits_are_those_of_scikit_learn():
    theirs, ours = pytest.importorskip("sklearn.datasets").load_digits(), digits()
    assert ours.inputs.shape == (1797, 64)
    assert ours.classes == 10
    assert np.array_equal(ours.inputs * 16, theirs.data)
    assert np.array_equal(ours.labels, theirs.target)
    assert (ours.inputs.min(), ours.inputs.max()) == (0.0, 1.0)


def test_breast_cancer_is_that_of_scikit_learn():
    theirs, ours = pytest.importorskip("sklearn.datasets").load_breast_cancer(), breast_cancer()
    assert ours.inputs.shape == (569, 30)
    with np.load(FILES / "breast_cancer.npz", allow_pickle=False) as file:
        assert np.array_equal(file["numerators"] / file["scales"], theirs.data)
    assert np.array_equal(ours.labels, theirs.target)
    scaled = pytest.importorskip("sklearn.preprocessing").StandardScaler().fit_transform(theirs.data)
    assert np.abs(ours.inputs - scaled).max() < 1e-12
    assert np.abs(ours.inputs.mean(axis=0)).max() < 1e-12
    assert np.abs(ours.inputs.std(axis=0) - 1).max() < 1e-12


def test_the_script_reproduces_the_files_byte_for_byte():
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location("make_datasets", ROOT / "scripts" / "make_datasets.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.build() == {path.name: path.read_bytes() for path in FILES.glob("*.npz")}


def test_the_readme_states_the_sha256_of_every_file():
    stated = dict(re.findall(r"\| `(\w+\.npz)` \| `(\w{64})` \|", (FILES / "README.md").read_text(encoding="utf-8")))
    assert stated == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FILES.glob("*.npz")}


@pytest.mark.parametrize("declared", ALL, ids=named)
def test_a_dataset_is_deterministic_and_has_a_description(declared):
    one, other = declared(), declared()
    assert np.array_equal(one.inputs, other.inputs)
    assert np.array_equal(one.labels, other.labels)
    assert one.inputs.dtype == np.float64
    assert one.inputs.flags.c_contiguous
    assert np.isfinite(one.inputs).all()
    assert declared.function.__doc__


@pytest.mark.parametrize("declared", GENERATED, ids=named)
def test_generated_sets_are_400_points_of_the_plane_in_two_classes(declared):
    data = declared()
    assert data.inputs.shape == (400, 2)
    assert np.bincount(data.labels).tolist() == [200, 200]


@pytest.mark.parametrize(
    ("declared", "first", "last"),
    [
        (moons, (0.8932937827, 0.1186850741), (2.0446417666, 0.5875182032)),
        (spirals, (0.0557794304, 0.0034607738), (1.0107897554, -0.0030523185)),
        (xor, (0.1407638236, 0.2147129891), (-0.1219439853, 0.2462403846)),
    ],
    ids=["moons", "spirals", "xor"],
)
def test_generated_sets_do_not_change_between_versions(declared, first, last):
    assert declared().inputs[[0, -1]] == pytest.approx(np.array([first, last]), abs=1e-9)


def test_xor_is_the_exclusive_or_of_the_signs():
    data = xor()
    positive = data.inputs > 0
    assert np.array_equal(positive[:, 0] ^ positive[:, 1], data.labels == 1)
    assert np.abs(data.inputs).min() >= 0.1
    assert np.abs(data.inputs).max() <= 1.0
    assert (np.bincount(2 * positive[:, 0] + positive[:, 1]) == 100).all()


def test_moons_lie_on_two_half_circles_up_to_the_noise():
    data = moons()
    centres = np.where(data.labels[:, None] == 0, (0.0, 0.0), (1.0, 0.5))
    off = np.linalg.norm(data.inputs - centres, axis=1) - 1
    assert 0.08 < off.std() < 0.12
    assert np.abs(off).max() < 0.5


def test_spirals_are_one_curve_rotated_by_180_degrees_without_contact():
    data = spirals()
    one, other = data.inputs[data.labels == 0], data.inputs[data.labels == 1]
    assert 0.02 < (one + other).std() < 0.04  # the sum of two noises of 0.02
    assert np.linalg.norm(data.inputs[[199, 399]], axis=1) == pytest.approx([1, 1], abs=0.08)
    outside = np.linalg.norm(one, axis=1) > 0.2
    gaps = np.linalg.norm(one[outside, None] - other[None], axis=2).min(axis=1)
    assert gaps.min() > 0.1


@pytest.mark.parametrize("share", [0.1, 0.2, 0.25, 0.5])
@pytest.mark.parametrize("declared", ALL, ids=named)
def test_a_split_is_stratified_and_complete(declared, share):
    data = declared()
    cut = split("data", data, share)
    counts = np.bincount(data.labels)
    assert np.abs(cut.test_targets.sum(axis=0) - share * counts).max() <= 0.5
    assert np.array_equal(cut.train_targets.sum(axis=0) + cut.test_targets.sum(axis=0), counts)
    both = np.hstack([np.vstack([cut.train_inputs, cut.test_inputs]), np.vstack([cut.train_targets, cut.test_targets])])
    whole = np.hstack([data.inputs, np.eye(data.classes)[data.labels]])
    assert np.array_equal(both[np.lexsort(both.T)], whole[np.lexsort(whole.T)])


def numbered(per_class):
    """A dataset whose only feature is the number of the example."""
    labels = np.repeat(np.arange(len(per_class)), per_class)
    return Data(np.arange(float(len(labels)))[:, None], labels)


def test_a_split_is_disjoint_and_keeps_pairs_of_inputs_and_targets():
    data = numbered([30, 7, 100])
    cut = split("numbers", data, 0.3)
    train, test = cut.train_inputs[:, 0].astype(int), cut.test_inputs[:, 0].astype(int)
    assert sorted([*train, *test]) == list(range(137))
    assert np.array_equal(cut.train_targets.argmax(axis=1), data.labels[train])
    assert np.array_equal(cut.test_targets.argmax(axis=1), data.labels[test])
    assert (cut.train_targets.sum(axis=1) == 1).all()
    assert cut.test_targets.sum(axis=0).tolist() == [9, 2, 30]


def test_a_split_depends_on_data_and_fraction_only():
    data = numbered([40, 60])
    cut = split("one", data, 0.2)
    np.random.default_rng().random()
    again = split("another name", data, 0.2)
    assert np.array_equal(cut.test_inputs, again.test_inputs)
    assert set(cut.test_inputs[:, 0]) < set(split("one", data, 0.4).test_inputs[:, 0])
    assert not np.array_equal(cut.test_inputs[:, 0], np.sort(np.r_[0:8, 40:52]))  # drawn at random, not the first ones


def test_a_split_has_arrays_for_matrix_products():
    cut = split("digits", digits(), 0.2)
    for part in (cut.train_inputs, cut.train_targets, cut.test_inputs, cut.test_targets):
        assert part.dtype == np.float64
        assert part.flags.c_contiguous


def test_a_test_fraction_of_zero():
    cut = split("numbers", numbered([3, 4]), 0.0)
    assert cut.train_inputs.shape == (7, 1)
    assert cut.test_targets.shape == (0, 2)


@pytest.mark.parametrize("share", [-0.1, 1.0, 1.5, float("nan")])
def test_an_invalid_test_fraction(share):
    with pytest.raises(UserError, match="at least 0 and below 1"):
        split("numbers", numbered([3, 4]), share)
