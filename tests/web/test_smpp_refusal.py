"""What applications were refused over SMPP: each organisation sees its accounts', the operator all, in words."""

from heliograph.store import smpp_refusal
from heliograph.store.smpp_refusal import SmppRefusal
from tests.web.site import Site

PATH = "/api/v1/smpp_refusal"


async def test_an_organisation_sees_what_its_accounts_were_refused_and_the_operator_all(site: Site) -> None:
    mine, other = f"pol_{site.a.policy_id}", f"pol_{site.b.policy_id}"
    rows = [
        SmppRefusal(system_id, "bind", reason, "192.0.2.7", 13, detail, 2, 1_800_000_000_000, 1_800_000_060_000 + later)
        for later, (system_id, reason, detail) in enumerate(
            ((mine, "wrong_password", ""), (other, "disabled", ""), ("", "no_account", "x"))
        )
    ]
    await site.world.database.write(smpp_refusal.note, rows)
    (found,) = (await site.get(PATH)).json
    assert found == {
        "system_id": mine,
        "request": "bind",
        "command_status": 13,
        "reason": "wrong_password",
        "why": "the password is wrong",
        "remedy": "give the application its password again, or make a new one",
        "address": "192.0.2.7",
        "detail": None,
        "count": 2,
        "first": "2027-01-15T08:00:00.000+0000",
        "last": "2027-01-15T08:01:00.000+0000",
    }
    seen = (await site.get(PATH, token=site.operator_auth)).json
    assert [each["system_id"] for each in seen] == [None, other, mine], "the latest first"
    assert seen[0]["detail"] == "x"
