"""A kill leaves no webhook untold: a thousand deliveries in every stage, on either engine; two processes that tell the same webhooks."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tests.flows.program import Api, Program, try_arguments, wait_until
from tests.flows.receivers import Receivers, told, webhook
from tests.flows.test_nodes import CREDENTIALS, seed
from tests.webhooks.receiver import Mood, answer, hold

WITHIN_S = 90.0
STAGES: dict[str, Mood] = {"quick": answer(), "held": hold, "fails": answer(503), "paused": answer()}
DELIVERS = 1
"""The first device of the demo world."""
KINDS = ("sms.accepted", "sms.delivered")

Running = AbstractContextManager[tuple[Program, Api]]


def test_killed_with_a_thousand_deliveries_in_every_stage_each_is_delivered_after_the_restart(tmp_path: Path) -> None:
    @contextmanager
    def start() -> Iterator[tuple[Program, Api]]:
        with Program(*try_arguments(tmp_path)) as program, Api(program.ready["api_url"], program.ready["application_token"]) as api:
            yield program, api

    with Receivers(**STAGES) as receivers:
        each_is_delivered_after_a_kill(start, receivers)


def test_and_so_it_is_on_postgresql(tmp_path: Path, new_postgres_database: Callable[..., str]) -> None:
    with Receivers(**STAGES) as receivers:
        file = configured(tmp_path, new_postgres_database(), receivers)
        each_is_delivered_after_a_kill(lambda: serving(file), receivers)


def each_is_delivered_after_a_kill(start: Callable[[], Running], receivers: Receivers) -> None:
    with start() as (program, api):
        ids = {name: webhook(api, receivers.url(name), events=list(KINDS))["id"] for name in STAGES}
        assert api.post(f"/webhook/{ids['paused']}/pause", {}).ok
        sent = [api.send(DELIVERS, f"Text {number}") for number in range(125)]
        api.wait_for(DELIVERS, sent[-1], "DELIVERED", WITHIN_S)
        wait_until(lambda: len(receivers.received("fails")) > 20 and bool(receivers.received("held")), "in every stage", WITHIN_S)
        program.kill()
    assert receivers.received("quick")
    receivers.moods |= dict.fromkeys(STAGES, answer())
    with start() as (_, api):
        for name in STAGES:
            assert api.post(f"/webhook/{ids[name]}/resume", {}).ok
        expected = {(each, kind) for each in sent for kind in KINDS}
        for name in STAGES:
            wait_until(lambda name=name: expected <= set(told(receivers, name)), f"all at {name}", WITHIN_S)  # type: ignore[misc]
    assert len(expected) * len(STAGES) == 1000


def test_two_processes_that_turn_events_into_deliveries_lose_none_and_make_none_twice_and_one_that_is_killed_loses_none(
    tmp_path: Path, new_postgres_database: Callable[..., str]
) -> None:
    """Both write at once, so each hears of the other's events; the reader of the stream moves to the other when its process is killed."""
    with Receivers(all=answer()) as receivers:
        file = configured(tmp_path, new_postgres_database(), receivers)
        with serving(file) as (first, one), serving(file) as (_, other):
            webhook(one, receivers.url("all"), events=list(KINDS))
            with one.events(after=0) as stream:
                sent = [(one, other)[number % 2].send(DELIVERS, f"Text {number}") for number in range(100)]
                expected = {(each, kind) for each in sent for kind in KINDS}
                wait_until(lambda: expected <= set(told(receivers, "all")), "all are told", WITHIN_S)
                assert set(told(receivers, "all").values()) == {1}
                heard = until(stream, {(sent[-1], "sms.delivered")})
            more = [(one, other)[number % 2].send(DELIVERS, f"More {number}") for number in range(100)]
            first.kill()
            more += [other.send(DELIVERS, f"After the kill {number}") for number in range(10)]
            expected |= {(each, kind) for each in more for kind in KINDS}
            wait_until(lambda: expected <= set(told(receivers, "all")), "all are told after the kill", WITHIN_S)
            with other.events(after=heard[-1]["number"]) as stream:
                heard += until(stream, {(each, kind) for each in more for kind in KINDS})
    numbers = [each["number"] for each in heard]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "nothing is skipped, whoever wrote it"
    assert {(each["data"]["id"], each["type"]) for each in heard if each["type"] in KINDS} == expected


def until(stream: Iterator[dict[str, Any]], wanted: set[tuple[int, str]]) -> list[dict[str, Any]]:
    """What the stream tells, until it told all of these."""
    heard: list[dict[str, Any]] = []
    while wanted:
        heard.append(next(stream))
        wanted = wanted - {(heard[-1]["data"].get("id"), heard[-1]["type"])}
    return heard


def configured(folder: Path, url: str, receivers: Receivers) -> Path:
    """The settings of a daemon on PostgreSQL that may call the receivers; its database has devices and a token."""
    asyncio.run(seed(url))
    file = folder / "heliograph.toml"
    file.write_text(
        f'database = "{url}"\ndata_dir = "{folder}"\nstop_grace_s = 2\n[http]\nlisten = "127.0.0.1:0"\n'
        f'[webhooks]\negress_allow = ["127.0.0.0/8"]\nports = [{receivers.port}]\n'
    )
    return file


@contextmanager
def serving(file: Path) -> Iterator[tuple[Program, Api]]:
    with (
        Program("serve", "--config", str(file), wait_for_line=False) as program,
        Api(f"{program.wait_until_ready()}/api", CREDENTIALS.application_token) as api,
    ):
        yield program, api
