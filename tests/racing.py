"""Small questions to a race that several test files ask."""

import torch


def losses(race, steps=None):
    """Every loss of every member, as read at each step, up to step ``steps``."""
    seen = {label: [] for label in race.members}
    for progress in race.run(log_every=1):
        for label, terms in progress.terms.items():
            seen[label].append(terms["loss"])
        if progress.step == steps:
            break
    return seen


def weights(race, label):
    return {name: value.clone() for name, value in race.members[label].objective.state_dict().items()}


def same(first, second):
    """Whether two dictionaries of tensors are bit-equal."""
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def live_knob(member):
    """A live number of the objective, and another value for it."""
    name = next(n for n in member.objective.live() if getattr(member.objective.settings, n) > 0)
    return name, getattr(member.objective.settings, name) * 0.5
