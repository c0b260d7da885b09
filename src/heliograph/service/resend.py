"""Send a message again: a new one with the same text to the same device, which knows of which it is another sending."""

from heliograph.model.account import Actor
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.message import Direction, State, TrafficClass, secrets_of
from heliograph.model.problem import Code, Problem
from heliograph.service import search
from heliograph.service.core import Core
from heliograph.service.draft import Draft
from heliograph.service.submit import Submission, prepare
from heliograph.store.search import FoundMessage


async def original(core: Core, actor: Actor, message_id: MessageId) -> FoundMessage:
    """The message to send again. Raises Problem for one that cannot be: what came from a device or a phone, or what still waits."""
    found = await search.message(core, actor, message_id)
    if found.direction != Direction.MT or found.traffic_class != TrafficClass.A2P_MT or found.device_id is None:
        raise Problem(Code.NOT_ALLOWED, "only an SMS from an application to a device can be sent again: send a new one")
    if not State(found.state).is_final:
        raise Problem(Code.NOT_ALLOWED, "the SMS is still under way and would come twice: wait for its end, or cancel it first")
    if not found.payload and not found.udh and not found.pid:
        raise Problem(Code.NOT_ALLOWED, "the text of the SMS was deleted when its time was over: send a new one")
    return found


def prepare_again(
    core: Core, actor: Actor, found: FoundMessage, *, expiry_at_ms: int | None = None, scheduled_at_ms: int | None = None
) -> Submission:
    """What is to be sent: as it was, with a validity of its own. Raises Problem."""
    draft = Draft(
        payload=found.payload,
        source=found.source or None,
        source_type=found.source_type if found.source else None,
        udh=found.udh or None,
        dcs=found.dcs,
        pid=found.pid,
        expiry_at_ms=expiry_at_ms,
        scheduled_at_ms=scheduled_at_ms,
        secrets=secrets_of(found.terms),
    )
    return prepare(core, actor, DeviceId(found.device_id or 0), draft, MessageId(found.id))
