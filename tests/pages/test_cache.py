"""What is made of the same content is made once, and never of what has changed."""

from __future__ import annotations

from pages.shared import cache


def test_content_decides_and_not_the_object():
    calls = []

    @cache.cached_by_content
    def total(numbers, name):
        calls.append(name)
        return sum(numbers)

    first = (1, 2, 3)
    assert total(first, "a") == total(first, "a") == total(tuple(range(1, 4)), "a") == 6
    assert calls == ["a"]
    assert total((1, 2, 4), "a") == 7 and total(first, "b") == 6
    assert calls == ["a", "a", "b"]
    grown = [1]
    assert total(grown, "c") == 1
    grown.append(5)
    assert total(grown, "c") == 6, "what can be changed is looked at anew"


def test_many_tuples_are_not_taken_for_one_another():
    @cache.cached_by_content
    def same(numbers):
        return list(numbers)

    assert [same((number, number)) for number in range(40)] == [[number, number] for number in range(40)]
