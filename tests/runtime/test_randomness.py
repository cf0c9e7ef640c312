"""A racer's own random numbers go on where they stopped; everybody else's stay where they are."""

import torch

from simssl_core.runtime.randomness import Stream, seed_for


def test_a_stream_goes_on_between_visits_and_leaves_the_callers_numbers():
    torch.manual_seed(3)
    theirs = torch.rand(6)
    torch.manual_seed(7)
    mine = torch.rand(6)
    torch.manual_seed(3)
    stream, seen, outside = Stream(7, "cpu"), [], []
    for _ in range(3):
        with stream:
            seen.append(torch.rand(2))
        outside.append(torch.rand(2))
    assert torch.equal(torch.cat(seen), mine) and torch.equal(torch.cat(outside), theirs)


def test_seeds_are_fixed_by_purpose():
    # written into no file, but every run's weights, batches and noise come from them: they must never change
    assert seed_for(0, "weights") == 2039098572050236917
    assert len({seed_for(seed, purpose) for seed in range(10) for purpose in ("weights", "views", "noise")}) == 30
