"""Results are cached by the content of their arguments and made anew when the content changes."""

from __future__ import annotations

from pages.shared import cache


def test_equal_content_gives_the_cached_result():
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
    assert total(grown, "c") == 6, "a mutable argument is digested at every call"


def test_many_tuples_are_not_confused():
    @cache.cached_by_content
    def same(numbers):
        return list(numbers)

    assert [same((number, number)) for number in range(40)] == [[number, number] for number in range(40)]
