"""A send with a key, killed before or after its commit: brought again after the restart, it is made if it was not and told if it was."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.flows.crash_world import CrashWorld, Hook, prepare
from tests.flows.program import Api

HEADERS = {"Idempotency-Key": "4e1a3b2c-restart"}
AT_ONCE = 64


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with Hook() as hook:
        yield hook


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path, hook: Hook, new_postgres_database: Callable[..., str]) -> Iterator[CrashWorld]:
    url = str(tmp_path / "heliograph.sqlite")
    if request.param == "sqlite":
        prepare(url)
    else:
        url = new_postgres_database(prepare)
    with CrashWorld(tmp_path, url, hook) as world:
        yield world


def send(api: Api) -> requests.Response | None:
    """None where the process died instead of answering."""
    try:
        return requests.post(f"{api.url}/v1/endpoint/1/sms", json={"payload": "once"}, headers={**api.authorization, **HEADERS}, timeout=30)
    except requests.ConnectionError:
        return None


@pytest.mark.parametrize(("point", "kept"), [("submit.before_commit", 0), ("submit.after_commit", 1)])
def test_a_key_brought_again_after_a_kill_makes_one_message_and_64_at_once_are_told_of_it(world: CrashWorld, point: str, kept: int) -> None:
    with world.start(fault=f"{point}:1") as program, world.api() as api:
        asked = [api.url]
        assert send(api) is None
        assert program.process.wait(timeout=30) == -9, program.said
    assert world.rows("SELECT count(*) FROM message") == [(kept,)]
    assert world.rows("SELECT count(*) FROM idempotency_key") == [(kept,)]
    with world.start(), world.api() as api, ThreadPoolExecutor(AT_ONCE) as pool:
        asked.append(api.url)
        replies = [reply for reply in pool.map(lambda _: send(api), range(AT_ONCE)) if reply is not None]
    assert [reply.status_code for reply in replies] == [201] * AT_ONCE
    assert sum("Idempotency-Replayed" not in reply.headers for reply in replies) == 1 - kept
    ((message_id,),) = world.rows("SELECT id FROM message")
    assert {reply.headers["Location"] for reply in replies} == {f"{asked[1 - kept]}/v1/endpoint/1/sms/{message_id}"}
