"""What one of two processes does while the other does the same or something that meets it. Each returns what JSON can hold."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import msgspec

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import udh
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.link import Accepted, Delivery, Inbound, LinkOutcome, Outgoing, Receipt, ReceiptState
from heliograph.model.problem import Problem
from heliograph.service import cancel, lease, receive
from heliograph.service.claim import claim as claim_due
from heliograph.service.dispatch import LinkQueue
from heliograph.service.draft import Draft
from heliograph.service.idempotency import Once
from heliograph.service.receipt import receive_receipts
from heliograph.service.settle import take
from heliograph.service.share import Limits, Shares
from heliograph.service.submit import accepted_once, prepare
from heliograph.service.submit import submit as submit_message
from heliograph.store.message import Head
from heliograph.store.query import Query
from tests.contract.worker import LINK_ID, Process
from tests.core_world import msisdn

OPEN = Query("test.open", "SELECT count(*) FROM message WHERE state < 4")
OPEN_IDS = Query("test.open_ids", "SELECT id, device_id FROM message WHERE state < 4 ORDER BY id")
COUNT = Query("test.count", "SELECT count(*) FROM message")
COUNT_MT = Query("test.count_mt", "SELECT count(*) FROM message WHERE direction = 1")
IN_STEP = 20


class QuickLink:
    """Answers each segment after `delay_s`. The n-th one to a destination is referred to as `name-destination-n`, tries apart."""

    def __init__(self, name: str, delay_s: float, *, receipt_owed: bool) -> None:
        self.name = name
        self.delay_s = delay_s
        self.receipt_owed = receipt_owed
        self.sent: list[int] = []
        self._counts: Counter[str] = Counter()

    def room(self) -> int:
        return 1000

    def send(self, outgoing: Outgoing, done: Callable[[LinkOutcome], None]) -> None:
        self.sent.append(outgoing.message_id)
        self._counts[outgoing.destination] += 1
        ref = f"{self.name}-{outgoing.destination}-{self._counts[outgoing.destination]}"
        asyncio.get_running_loop().call_later(self.delay_s, done, Accepted(ref, self.receipt_owed))

    async def run(self) -> None:
        raise NotImplementedError

    async def stop(self, grace_s: float) -> None:
        raise NotImplementedError


async def submit(process: Process, *, devices: list[int], count: int) -> list[int]:
    """Submit `count` messages to each device, all at once."""
    core, actor = process.core, process.actor()
    calls = [submit_message(core, actor, DeviceId(device), Draft(f"{number}")) for number in range(count) for device in devices]
    return await _together(calls)


async def follow(process: Process, *, devices: list[int], count: int, events: int) -> dict[int, list[int]]:
    """Follow all organisations from their first event on and come again every 20 events, while `count` messages go to each device; the
    numbers that were told of each organisation once there are so many events."""
    tail, actor = process.core.tail, process.actor()
    told: dict[int, list[int]] = {1: [], 2: []}
    writing = asyncio.ensure_future(submit(process, devices=devices, count=count))
    while sum(map(len, told.values())) < events:
        follower = await tail.follow(actor, after={organisation: numbers[-1] if numbers else 0 for organisation, numbers in told.items()})
        for _ in range(2):
            heard = await follower.next(5)
            assert isinstance(heard, list | tuple), heard
            for event in heard:
                told[event.organisation_id].append(event.number)
        follower.close()
    await writing
    return told


async def submit_once(process: Process, *, devices: list[int], keys: int, times: int) -> dict[str, list[str]]:
    """Bring each of `keys` keys as many times, to the device that each is for; what each was told."""
    core, actor = process.core, process.actor()
    told: dict[str, list[str]] = {f"key {number}": [] for number in range(keys)}

    async def bring(number: int) -> None:
        once = Once(1, "test", f"key {number}", "the same request", str)
        submission = prepare(core, actor, DeviceId(devices[number % len(devices)]), Draft(f"{number}"))
        answer = await accepted_once(msgspec.structs.replace(submission, once=once))
        told[once.key].append(answer.answer)

    await _together([bring(number) for _ in range(times) for number in range(keys)])
    return told


async def serve(
    process: Process,
    *,
    devices: list[int],
    count: int,
    total: int,
    name: str = "A",
    delay_s: float = 0.0,
    stored: bool = False,
    late_s: float = 0.0,
) -> list[int]:
    """Own the link, submit too, and send until `total` messages are final; what was sent, in order. Ends early when the link is lost."""
    await asyncio.sleep(late_s)
    link = QuickLink(name, delay_s, receipt_owed=stored)
    queue = await _own(process, link, stored=stored)
    await submit(process, devices=devices, count=count)
    while not queue.is_lost and not await _all_final(process, total):
        await asyncio.sleep(0.02)
    return link.sent


async def take_lanes(process: Process, *, most: int) -> list[int]:
    """Take due lanes, a few at a time, until there are none; the messages that were taken."""
    taken: list[int] = []

    def note(_: int, heads: list[Head]) -> None:
        taken.extend(head.message_id for head in heads)

    process.core.queues.take = note  # type: ignore[method-assign]
    empty = 0
    while empty < 3:
        found = await process.database.write(take, process.core, process.profile(), 1, most, process.core.clock.now_ms())
        assert found is not None
        empty = 0 if found else empty + 1
        await asyncio.sleep(0)
    return taken


async def report(process: Process, *, devices: list[int], count: int, name: str = "A", seed: int) -> list[int | None]:
    """Receipts for the messages that a link of that name sends to the devices, in any order, whether they are sent yet or not."""
    core, now_ms = process.core, process.core.clock.now_ms()
    receipts = [
        Receipt(
            LINK_ID, "link", (f"id:{name}-{msisdn(device)}-{number}",), msisdn(device), "", ReceiptState.DELIVERED, "DELIVRD", None, now_ms
        )
        for device in devices
        for number in range(1, count + 1)
    ]
    random.Random(seed).shuffle(receipts)
    return [answer.message_id for (answer,) in await _together([_receipt(core, receipt) for receipt in receipts], at_once=10)]


async def hear_parts(process: Process, *, devices: list[int], sets: int, total: int, numbers: list[int], seed: int) -> int:
    """Some parts of long SMS of which another process hears the others; how many sets were joined here."""
    process.core.queues.own(process.profile(), 1, QuickLink("A", 0, receipt_owed=False))
    parts = [(device, reference, number) for device in devices for reference in range(sets) for number in numbers]
    random.Random(seed).shuffle(parts)
    heard = [
        Inbound(
            LINK_ID, msisdn(device), "12345", udh.concat(reference, total, number), gsm7.encode(f"{device}.{reference}.{number};"), 0, 0, 1
        )
        for device, reference, number in parts
    ]
    answers = await _together([receive.receive(process.core, each) for each in heard], at_once=20)
    return sum(answer.message_id is not None for answer in answers)


async def chatter(process: Process, *, devices: list[int], rounds: int) -> int:
    """Devices text each other, both ways; how many texts were taken."""
    process.core.queues.own(process.profile(), 1, QuickLink("A", 0, receipt_owed=False))
    pairs = [(one, other) for one in devices for other in devices if one != other] * rounds
    random.Random(process.core.node_id).shuffle(pairs)
    heard = [
        Inbound(LINK_ID, msisdn(one), msisdn(other), b"", gsm7.encode(f"hi {number}"), 0, 0, 1) for number, (one, other) in enumerate(pairs)
    ]
    answers = await _together([receive.receive(process.core, each) for each in heard], at_once=20)
    return sum(answer.refused is None for answer in answers)


async def claim(process: Process, *, most: int) -> list[int]:
    """Claim due notifications, a few at a time, until there are none."""
    claimed: list[int] = []
    empty = 0
    while empty < 3:
        found = await process.database.write(
            claim_due, process.core.node_id, process.core.notifier.webhooks, Shares(Limits(most)), 0, {}, process.core.clock.now_ms()
        )  # fmt: skip
        claimed.extend(each.id for each in found.claimed)
        empty = 0 if found.claimed else empty + 1
        await asyncio.sleep(0)
    return claimed


async def submit_within(process: Process, *, device: int, times: int) -> int:
    """Submit to one device, in step with another process; how many were accepted."""

    async def accepted() -> bool:
        try:
            await submit_message(process.core, process.actor(), DeviceId(device), Draft("hi"))
        except Problem:
            return False
        return True

    return sum(await _in_step(process, [accepted() for _ in range(times)]))


async def hear_within(process: Process, *, devices: list[int], receiver: int, times: int) -> int:
    """Hear devices text one other, in step with another process; how many texts it took."""
    process.core.queues.own(process.profile(), 1, QuickLink("A", 0, receipt_owed=False))
    texts = [(devices[number % len(devices)], gsm7.encode(f"{process.core.node_id} {number}")) for number in range(times)]
    heard = [Inbound(LINK_ID, msisdn(device), msisdn(receiver), b"", text, 0, 0, 1) for device, text in texts]
    answers = await _in_step(process, [receive.receive(process.core, each) for each in heard])
    return sum(answer.refused is None for answer in answers)


async def cancel_all(process: Process, *, total: int) -> int:
    """Cancel whatever is not final, again and again until all are; how many were cancelled at once."""
    canceled = 0
    while not await _all_final(process, total):
        for message_id, device_id in await process.database.read(lambda tx: tx.run(OPEN_IDS)):
            try:
                answer = await process.database.write(
                    cancel.ask, process.core, process.actor(), DeviceId(device_id), MessageId(message_id), process.core.clock.now_ms()
                )
            except Problem:
                continue
            canceled += answer is cancel.Answer.CANCELED
    return canceled


async def hang(process: Process, *, devices: list[int], done: int) -> None:
    """Own the link and deliver `done` notifications; leave all later ones under way for ever."""
    courier: Any = process.core.notifier._courier
    await _own(process, QuickLink("A", 0, receipt_owed=False), stored=False)
    await submit(process, devices=devices[:done], count=1)
    while not await _all_final(process, done) or process.core.notifier.under_way:
        await asyncio.sleep(0.01)
    courier.otherwise = None
    await submit(process, devices=devices[done:], count=1)
    await asyncio.Event().wait()


async def _own(process: Process, link: QuickLink, *, stored: bool) -> LinkQueue:
    """Acquire the link from whoever has it."""
    acquired = None
    while acquired is None:
        (row,) = await lease.links(process.core)
        acquired = await lease.acquire(process.core, row)
    queue = process.core.queues.own(process.profile(Delivery.STORED if stored else Delivery.LIVE), acquired.epoch, link)
    process.spawn(queue.run())
    return queue


async def _receipt(core: Any, receipt: Receipt) -> Any:
    await asyncio.sleep(0)
    return await receive_receipts(core, [receipt])


async def _all_final(process: Process, total: int) -> bool:
    made, left = await process.database.read(lambda tx: (tx.run(COUNT)[0][0], tx.run(OPEN)[0][0]))
    return bool(made >= total and left == 0)


async def _in_step(process: Process, calls: list[Coroutine[Any, Any, Any]]) -> list[Any]:
    """All results, with 20 calls under way at once; the next 20 begin when both processes are through with those, so neither is done
    before the other begins. Each call makes one MT message, allowed or refused."""
    results: list[Any] = []
    for first in range(0, len(calls), IN_STEP):
        while await process.database.read(lambda tx: tx.run(COUNT_MT)[0][0]) < 2 * first:
            await asyncio.sleep(0.005)
        results += await _together(calls[first : first + IN_STEP])
    return results


async def _together(calls: Iterable[Coroutine[Any, Any, Any]], at_once: int = 50) -> list[Any]:
    """All results, with so many calls under way at once."""
    limit = asyncio.Semaphore(at_once)

    async def one(call: Coroutine[Any, Any, Any]) -> Any:
        async with limit:
            return await call

    return await asyncio.gather(*(one(call) for call in calls))
