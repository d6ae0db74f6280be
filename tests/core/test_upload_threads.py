"""How much is under way at once."""

import threading
import time

import pytest

from glacier.uploads.threads import Budget, for_all


def test_budget_waits_until_enough_is_given_back() -> None:
    budget, got = Budget(10), threading.Event()
    budget.take(6)

    def wait() -> None:
        budget.take(5)
        got.set()

    waiting = threading.Thread(target=wait)
    waiting.start()

    is_early = got.wait(0.1)
    budget.give(6)
    waiting.join(10)

    assert not is_early
    assert got.is_set()


def test_budget_gives_who_is_alone_more_than_there_is() -> None:
    budget = Budget(10)

    budget.take(1000)  # would wait for ever otherwise
    budget.give(1000)
    budget.take(10)


def test_budget_serves_who_waits_for_much_before_who_comes_later() -> None:
    budget = Budget(10)
    order: list[str] = []
    budget.take(5)

    def wait(name: str, size: int) -> None:
        budget.take(size)
        order.append(name)

    threads = []
    for arguments in (("much", 10), ("little", 1)):
        work = threading.Thread(target=wait, args=arguments)
        threads.append(work)
        work.start()
        time.sleep(0.1)  # the order in which they ask

    budget.give(5)
    threads[0].join(10)
    first = list(order)
    budget.give(10)
    threads[1].join(10)

    assert first == ["much"]
    assert order == ["much", "little"]


def test_for_all_raises_the_first_error_and_begins_nothing_after_it() -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        time.sleep(0.05)
        raise ValueError(f"item {number}")

    with pytest.raises(ValueError, match="item 0"):
        for_all(work, list(range(1000)))

    assert len(begun) < 100
