"""What a process that died had kept and perhaps not answered: the network comes again with it, and it is the same SMS.

A crash between the commit of an inbound SMS and its answer would else store it twice. Nothing is written for it while all is well: whatever
the dead process committed since a second before its last beat is noted as `receive.answer_lost` notes an answer that a session lost. That
is at most three seconds of what the link heard, compared for five minutes, each once (docs/decisions/0018).

Left out, so kept twice: a joined SMS, of which the row no longer says which part came last, and one by an id of the network's own.
"""

from heliograph.gsm.errors import GsmError
from heliograph.model.ids import LinkId
from heliograph.model.link import Inbound
from heliograph.service.encode import split
from heliograph.service.receive import digest
from heliograph.store import node as node_store
from heliograph.store import part as part_store
from heliograph.store.part import LastHeard
from heliograph.store.transaction import Transaction

BEFORE_BEAT_MS = 1_000
"""An answer follows its commit within milliseconds; this is for a process that was slow before it died."""


def note_unanswered(tx: Transaction, link_id: int, node_id: int, now_ms: int) -> None:
    """A link has lost its owner, a process that did not give it up."""
    beat_at_ms = node_store.beat_at(tx, node_id)
    if beat_at_ms is None:
        return
    for heard in part_store.heard_since(tx, link_id, beat_at_ms - BEFORE_BEAT_MS):
        same = _digest(link_id, heard)
        if same is not None:
            part_store.note_lost_answer(tx, link_id, same, heard.message_id, now_ms)


def _digest(link_id: int, heard: LastHeard) -> str | None:
    """As it was heard; None where the octets cannot be made again from what was kept."""
    try:
        segments = split(heard.payload, heard.dcs, heard.udh, 0)
    except (GsmError, ValueError):
        return None
    if len(segments) != 1:
        return None
    header = bytes.fromhex(heard.udh)
    return digest(Inbound(LinkId(link_id), heard.source, heard.dest or None, header, segments[0].user_data, heard.dcs, 0, 0))
