"""Whether what goes on the air as it came, with a header of its sender's or octets that no text gives, can be said to the link it goes by.

A text that is cut here always can (`cut.py`). A part that its sender cut cannot be cut anew: it would be several, of a total that its
other parts do not say (decision 0108). So who sends it is told before it is accepted.
"""

import msgspec

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm.dcs import parse
from heliograph.model.ids import LinkId
from heliograph.model.link import LinkProfile
from heliograph.model.problem import Code, Problem
from heliograph.service.core import Core
from heliograph.service.cut import has_room_in_ucs2, lacking
from heliograph.store import link as link_store
from heliograph.store.transaction import Transaction

ESCAPE = f"{gsm7.ESCAPE:02X}"


class Uncut(msgspec.Struct, frozen=True):
    """A segment that goes as it came. `payload`: its text. `udh`, `user_data`: hex, the latter where the text does not say its octets."""

    payload: str
    dcs: int
    udh: str
    user_data: str | None

    @property
    def ends_in_escape(self) -> bool:
        return self.user_data is not None and self.user_data.endswith(ESCAPE) and parse(self.dcs).in_septets


def profile_of(tx: Transaction, core: Core, link_id: int) -> LinkProfile | None:
    """A link as its settings are now, whichever process runs it; None where it is gone."""
    known = core.queues.get(link_id)
    if known is not None:
        return known.profile
    row = link_store.view(tx, link_id)
    return None if row is None else core.link_kinds.profile(LinkId(row.id), row.kind, row.name, row.settings)


def require_fit(tx: Transaction, core: Core, link_id: int, segment: Uncut) -> None:
    """Raises Problem where the link that a segment is to go by could not send it."""
    if segment.payload.isascii() and not segment.ends_in_escape:
        return
    link = profile_of(tx, core, link_id)
    found = None if link is None else misfit(link, segment)
    if found is None or link is None:
        return
    text = (
        f"payload: the link {link.name} writes {link.charset}, and {found}: "
        "send the text whole and without udh (over SMPP in message_payload), or cut it for UCS-2 (dcs 8), 67 characters a part"
    )
    raise Problem(Code.INVALID, text, field="payload")


def misfit(link: LinkProfile, segment: Uncut) -> str | None:
    """Why a link could not send a segment; None where it can."""
    if link.charset is None or not parse(segment.dcs).in_septets:
        return None
    if segment.ends_in_escape:
        return "this part ends between an escape and the character it belongs to"
    character = lacking(link.charset, segment.payload)
    if character is None or has_room_in_ucs2(segment.payload, segment.udh):
        return None
    return f"that has no '{character}', and in UCS-2 this part is too long"
