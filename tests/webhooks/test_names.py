"""Names are looked up off the loop, once for all who ask, and remembered for a while."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from heliograph.webhooks.names import FAILED_S, FRESH_S, LOOKUPS_AT_ONCE, STALE_S, Known, NameLookupError, Names, system_lookup
from tests.manual_clock import TestClock


class Directory:
    """A name service. While `gate` is closed, look-ups hang."""

    def __init__(self) -> None:
        self.addresses = {"a.test": ["192.0.2.1", "2001:db8::1"]}
        self.asked: list[str] = []
        self.threads: set[int | None] = set()
        self.changed = threading.Condition()
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, name: str) -> list[str]:
        with self.changed:
            self.asked.append(name)
            self.threads.add(threading.current_thread().ident)
            self.changed.notify_all()
        self.gate.wait(10)
        if name not in self.addresses:
            raise NameLookupError(f"the name {name} was not found")
        return self.addresses[name]

    def wait_until_asked(self, times: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.asked) >= times, 5)


@pytest.fixture
def directory() -> Iterator[Directory]:
    directory = Directory()
    yield directory
    directory.gate.set()


@pytest.fixture
async def names(clock: TestClock, directory: Directory) -> Names:
    return Names(clock, lambda address: f"{address} is bad" if address.startswith("10.") else None, directory)


async def find(names: Names, name: str) -> Known:
    found: asyncio.Future[Known] = asyncio.get_running_loop().create_future()
    names.find(name, found.set_result)
    return await asyncio.wait_for(found, 5)


async def test_a_name_is_looked_up_in_another_thread_and_remembered(names: Names, directory: Directory) -> None:
    assert names.known("a.test") is None
    known = await find(names, "a.test")
    assert (known.addresses, known.error) == (("192.0.2.1", "2001:db8::1"), None)
    assert names.known("a.test") is known
    assert threading.current_thread().ident not in directory.threads


async def test_all_who_ask_at_once_share_one_look_up(names: Names, directory: Directory) -> None:
    first, second = await asyncio.gather(find(names, "a.test"), find(names, "a.test"))
    assert first is second
    assert directory.asked == ["a.test"]


async def test_an_address_no_longer_fresh_is_still_given_while_it_is_looked_up_anew(
    names: Names, directory: Directory, clock: TestClock
) -> None:
    old = await find(names, "a.test")
    directory.addresses["a.test"] = ["192.0.2.2"]
    await clock.advance(FRESH_S + 1)
    assert names.known("a.test") is old
    clock.busy.append(lambda: bool(names._pending))
    await clock.settle()
    new = names.known("a.test")
    assert new is not None
    assert new.addresses == ("192.0.2.2",)
    assert new.serial != old.serial


async def test_an_old_address_is_not_given(names: Names, clock: TestClock) -> None:
    await find(names, "a.test")
    await clock.advance(STALE_S + 1)
    assert names.known("a.test") is None


async def test_a_failure_is_remembered_for_seconds(names: Names, directory: Directory, clock: TestClock) -> None:
    assert (await find(names, "b.test")).error == "the name b.test was not found"
    assert names.known("b.test") is not None
    directory.addresses["b.test"] = ["192.0.2.2"]
    await clock.advance(FAILED_S + 1)
    assert names.known("b.test") is None
    assert (await find(names, "b.test")).error is None


async def test_one_bad_address_refuses_the_name(names: Names, directory: Directory) -> None:
    directory.addresses["a.test"].append("10.0.0.1")
    assert (await find(names, "a.test")).error == "the name a.test leads where it may not: 10.0.0.1 is bad"


async def test_a_name_without_addresses_is_a_failure(names: Names, directory: Directory) -> None:
    directory.addresses["a.test"] = []
    assert (await find(names, "a.test")).error == "the name a.test has no address"


async def test_look_ups_that_hang_are_bounded_and_the_rest_follows(names: Names, directory: Directory) -> None:
    directory.gate.clear()
    waiting = [asyncio.ensure_future(find(names, f"{number}.test")) for number in range(LOOKUPS_AT_ONCE + 5)]
    await asyncio.to_thread(directory.wait_until_asked, LOOKUPS_AT_ONCE)
    assert len(directory.asked) == LOOKUPS_AT_ONCE
    directory.gate.set()
    await asyncio.gather(*waiting)
    assert len(directory.asked) == LOOKUPS_AT_ONCE + 5


def test_the_machine_knows_its_own_name_and_says_when_a_name_does_not_exist() -> None:
    assert set(system_lookup("localhost")) <= {"127.0.0.1", "::1"}
    with pytest.raises(NameLookupError, match=r"the name nothing\.invalid was not found"):
        system_lookup("nothing.invalid")
    with pytest.raises(NameLookupError, match="could not be looked up"):
        system_lookup("a" * 70 + ".invalid")
