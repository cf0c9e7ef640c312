"""The timer: lanes alternate, the warm-up is dropped, ratios are taken within a round."""

import pytest

from simssl_core.bench.interleave import Lane, Plan, Rates, interleave, quartiles, segment


class World:
    """A clock that only moves when work is done; a unit of work takes ``pace`` × ``slow`` seconds."""

    def __init__(self):
        self.now, self.slow, self.log = 0.0, 1.0, []

    def clock(self):
        return self.now

    def lane(self, name, pace, images=1):
        def unit():
            self.now += pace * self.slow
            self.log.append(name)
            return images

        return Lane(
            unit,
            enter=lambda: self.log.append(f"+{name}"),
            leave=lambda: self.log.append(f"-{name}"),
            finish=lambda: self.log.append(f"={name}"),
        )


def test_a_segment_leaves_the_lead_out_of_the_time():
    world = World()
    costs = iter([100.0, 1.0, 1.0, 1.0])

    def unit():
        world.now += next(costs)
        return 6

    assert segment(Lane(unit), Plan(rounds=1, seconds=2.5, units=1, lead=1), world.clock) == pytest.approx(6.0)


def test_a_segment_lasts_until_both_the_seconds_and_the_units_are_reached():
    world = World()
    segment(world.lane("a", 1.0), Plan(seconds=3.0, units=2, lead=0), world.clock)
    assert world.log.count("a") == 3
    world.log.clear()
    segment(world.lane("a", 10.0), Plan(seconds=3.0, units=2, lead=0), world.clock)
    assert world.log.count("a") == 2


def test_the_queue_is_waited_for_inside_the_time():
    world = World()
    slow = Lane(lambda: 10, finish=lambda: setattr(world, "now", world.now + 5.0))
    assert segment(slow, Plan(seconds=0.0, units=1, lead=0), world.clock) == pytest.approx(2.0)


def test_a_lane_is_left_even_when_its_work_fails():
    left = []

    def fail():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        segment(Lane(fail, leave=lambda: left.append(1)), Plan())
    assert left == [1]


def test_lanes_alternate_and_the_warm_up_round_does_not_count():
    world = World()
    lanes = {"ours": world.lane("a", 1.0, 8), "theirs": world.lane("b", 2.0, 4)}
    rates = interleave(lanes, Plan(rounds=2, seconds=0.0, units=1, lead=0), world.clock)
    assert [entry for entry in world.log if entry in "ab"] == ["b", "a", "a", "b", "b", "a"]
    assert rates.rounds == {"ours": (8.0, 8.0), "theirs": (2.0, 2.0)}
    assert rates.ratio("ours", "theirs") == {"median": 4.0, "low": 4.0, "high": 4.0}


def test_a_machine_that_slows_down_changes_the_rates_but_not_the_ratio():
    world = World()
    lanes = {"ours": world.lane("a", 1.0), "theirs": world.lane("b", 3.0)}
    rounds = {"ours": [], "theirs": []}
    for slow in (1.0, 7.0, 2.0):
        world.slow = slow
        measured = interleave(lanes, Plan(rounds=1, seconds=0.0, units=1, lead=0), world.clock)
        for name in rounds:
            rounds[name] += measured.rounds[name]
    rates = Rates({name: tuple(values) for name, values in rounds.items()})
    assert rates.ratio("ours", "theirs")["median"] == pytest.approx(3.0)
    assert rates.median("ours") == pytest.approx(0.5)


def test_quartiles():
    assert quartiles([3.0, 1.0, 2.0, 5.0, 4.0]) == (2.0, 3.0, 4.0)
    assert quartiles([7.0]) == (7.0, 7.0, 7.0)
