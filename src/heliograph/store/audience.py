"""Which devices are meant where somebody names them by what they have in common."""

from heliograph.store.listing import containing
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("audience")


def devices(tx: Transaction, organisation_id: int, tag: str | None, service_profile_id: int | None, most: int) -> list[int]:
    """At most `most` devices of an organisation with a tag, of a policy, or both; None: whatever it is."""
    wanted = "" if tag is None else containing(f",{tag},")
    found = tx.run(
        Q["devices"], organisation_id=organisation_id, tag=wanted, service_profile_id=service_profile_id or 0, most=most
    )  # fmt: skip
    return [row[0] for row in found]
