"""What a connection to PostgreSQL is made with: a network that is dead is noticed, by times that the operator's URL may overrule."""

import os
import socket

import pytest

from heliograph.store.engine import Session
from heliograph.store.postgres import PostgresEngine
from heliograph.store.query import Query
from tests.store.engines import OnPostgres

NOTICED_WITHIN_S = 15


def option(session: Session, name: int) -> int:
    connection = session._connection  # type: ignore[attr-defined]
    with socket.socket(fileno=os.dup(connection.fileno())) as beside:
        return beside.getsockopt(socket.IPPROTO_TCP, name)


def shown(session: Session, setting: str) -> str:
    return str(session.run(Query(f"test.{setting}", f"SHOW {setting}"), {})[0][0])


def with_parameters(url: str, parameters: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{parameters}"


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
class TestANetworkThatIsDead(OnPostgres):
    def test_is_noticed_while_a_request_is_sent(self, url: str) -> None:
        session = PostgresEngine(url).connect()
        assert 0 < option(session, socket.TCP_USER_TIMEOUT) <= NOTICED_WITHIN_S * 1000
        session.close()

    def test_is_noticed_while_an_answer_is_waited_for(self, url: str) -> None:
        session = PostgresEngine(url).connect()
        idle_s, interval_s, count = (option(session, each) for each in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT))
        assert idle_s + interval_s * count <= NOTICED_WITHIN_S
        session.close()

    def test_is_judged_by_the_times_of_the_url_where_it_has_any(self, url: str) -> None:
        session = PostgresEngine(with_parameters(url, "tcp_user_timeout=33000&keepalives_idle=44&connect_timeout=55")).connect()
        assert option(session, socket.TCP_USER_TIMEOUT) == 33_000
        assert option(session, socket.TCP_KEEPIDLE) == 44
        assert session._connection.info.get_parameters()["connect_timeout"] == "55"  # type: ignore[attr-defined]
        session.close()

    def test_is_noticed_by_the_server_too_which_else_keeps_the_locks_of_who_is_gone(self, url: str) -> None:
        session = PostgresEngine(url).connect()
        times = [int(shown(session, f"tcp_keepalives_{name}")) for name in ("idle", "interval", "count")]
        assert times[0] + times[1] * times[2] <= NOTICED_WITHIN_S
        session.close()

    def test_is_judged_by_the_server_as_the_urls_options_say(self, url: str) -> None:
        session = PostgresEngine(with_parameters(url, "options=-c%20tcp_keepalives_idle%3D77")).connect()
        assert shown(session, "tcp_keepalives_idle") == "77"
        session.close()


class TestAPlan(OnPostgres):
    def test_is_never_for_several_processes_which_are_started_anew_at_each_run(self, url: str) -> None:
        session = PostgresEngine(with_parameters(url, "options=-c%20force_parallel_mode%3Don")).connect()
        plan = session.run(Query("test.plan", "EXPLAIN SELECT count(*) FROM pg_class"), {})
        assert "Aggregate" in plan[0][0], plan
        session.close()
