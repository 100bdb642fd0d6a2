"""Attributes that are computed when they are first asked for."""

import threading

import pytest

from trainer.recognition.lazy import lazy


class Doubled:
    """Doubles a number, once it may."""

    def __init__(self, number, may=None):
        self.number, self.may, self.begun = number, may, threading.Event()
        self.times = 0

    @lazy
    def value(self):
        """Twice the number."""
        self.times += 1
        self.begun.set()
        if self.may:
            assert self.may.wait(30)
        return 2 * self.number


def test_an_attribute_is_computed_once_and_by_itself():
    one, other = Doubled(1), Doubled(2)
    assert (one.value, one.value, other.value) == (2, 2, 4)
    assert (one.times, other.times) == (1, 1)
    assert Doubled.value.__doc__ == "Twice the number."


def test_no_object_waits_for_another_one():
    """Reading a drawing would otherwise wait for somebody else's photo."""
    may = threading.Event()
    slow, found = Doubled(1, may), []
    thread = threading.Thread(target=lambda: found.append(slow.value))
    thread.start()
    assert slow.begun.wait(30)
    other = threading.Thread(target=lambda: found.append(Doubled(2).value), daemon=True)
    other.start()
    other.join(10)
    assert found == [4]
    may.set()
    thread.join(30)
    assert found == [4, 2]


def test_an_error_is_not_kept():
    class Failing:
        times = 0

        @lazy
        def value(self):
            self.times += 1
            raise ValueError

    failing = Failing()
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^$"):
            _ = failing.value
    assert failing.times == 2
