"""Random streams depend on purpose and seed, but not on the order or on other runs."""

import numpy as np
import pytest

from optlab.execution.randomness import Minibatches, generator, uniform


def test_a_stream_is_fixed_by_root_purpose_and_position():
    firsts = {
        key: generator(*key).random()
        for key in [(0, "start", 0), (0, "start", 1), (1, "start", 0), (0, "minibatches", 0), (0, "start", 0, 1)]
    }
    assert len(set(firsts.values())) == len(firsts)
    assert generator(0, "start", 0).random() == firsts[0, "start", 0]


@pytest.mark.parametrize("size", [1, 2, 4, 5, 33])
def test_uniform_numbers_of_a_seed_do_not_depend_on_other_seeds(size):
    many = uniform(3, "start", np.arange(100), size)
    assert many.shape == (100, size)
    assert len(np.unique(many)) == 100 * size
    for seeds in ([0], [99], [7, 3], [50, 50], range(20, 31)):
        np.testing.assert_array_equal(uniform(3, "start", np.array(seeds), size), many[list(seeds)])
    assert not np.isin(uniform(4, "start", np.arange(100), size), many).any()


def test_uniform_numbers_are_uniform():
    many = uniform(0, "start", np.arange(50_000), 3)
    assert ((many >= 0) & (many < 1)).all()
    np.testing.assert_allclose(many.mean(axis=0), 0.5, atol=0.005)
    np.testing.assert_allclose(np.corrcoef(many.T), np.eye(3), atol=0.02)
    assert uniform(0, "start", np.arange(0), 3).shape == (0, 3)


@pytest.mark.parametrize(("examples", "batch_size"), [(12, 4), (13, 4), (5, 5), (7, 1), (7, 4)])
def test_every_epoch_is_a_fresh_permutation(examples, batch_size):
    per_epoch = examples // batch_size
    batches, out = Minibatches(0, np.array([0, 1]), examples, batch_size), np.empty((2, batch_size), dtype=np.int64)
    epochs = []
    for epoch in range(4):
        seen = []
        for position in range(per_epoch):
            batches.fill(epoch * per_epoch + position + 1, out)
            seen.append(out.copy())
        epochs.append(np.concatenate(seen, axis=1))
        for run in epochs[-1]:
            assert len(np.unique(run)) == per_epoch * batch_size  # no example twice in an epoch
            assert set(run) <= set(range(examples))
    if examples > 6:
        assert len({run.tobytes() for epoch in epochs for run in epoch}) == 8


def test_minibatches_do_not_depend_on_order_or_other_runs():
    seeds = np.array([4, 2, 4, 9])
    out, alone = np.empty((4, 3), dtype=np.int64), np.empty((1, 3), dtype=np.int64)
    batches, other = Minibatches(1, seeds, 10, 3), Minibatches(1, seeds[1:2], 10, 3)
    for step in (1, 2, 7, 3, 100, 1):
        batches.fill(step, out)
        other.fill(step, alone)
        np.testing.assert_array_equal(out[0], out[2])
        np.testing.assert_array_equal(out[1], alone[0])
