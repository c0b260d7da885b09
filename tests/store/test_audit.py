"""The audit of one organisation is read by an index, however much others have changed and sent."""

import pytest

from heliograph.store import audit
from heliograph.store.database import engine_of
from tests.store.engines import OnSqlite

VALUES = {
    "organisation_id": 1, "before_ms": 2**62, "before_id": 2**62, "from_ms": 0, "until_ms": 2**62, "action": "", "object_id": 0,
    "user_id": 0, "token_id": 0, "door": "", "most": 100,
}  # fmt: skip


class TestOnSqlite(OnSqlite):
    @pytest.mark.parametrize(
        ("name", "index"), [("sends_of_organisation", "message_of_organisation"), ("changes_of_organisation", "audit_of_organisation")]
    )
    def test_a_page_is_read_by_its_index_and_nothing_is_sorted(self, url: str, name: str, index: str) -> None:
        session = engine_of(url).connect()
        rows = session._connection.execute(f"EXPLAIN QUERY PLAN {audit.Q[name].text}", VALUES)  # type: ignore[attr-defined]
        plan = "\n".join(row[3] for row in rows)
        session.close()
        assert index in plan
        assert "TEMP B-TREE" not in plan
