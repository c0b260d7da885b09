"""Who may send what in which state of a session: one table, read when sending and when receiving. SMPP 3.4 2.2 and table 2-1."""

from collections.abc import Iterable
from enum import Enum

from heliograph.smpp.command import Command


class Role(Enum):
    """Which end of a session this is."""

    ESME = "esme"
    """Connects and binds: an application."""
    MC = "mc"
    """Is bound to: a message centre."""

    @property
    def peer(self) -> "Role":
        return Role.MC if self is Role.ESME else Role.ESME


class State(Enum):
    __hash__ = object.__hash__  # a member is one object; Enum's own hashes its name in Python, 20 times a message

    OPEN = "open"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBOUND = "unbound"
    """unbind was answered: nothing more is sent, the connection is to be closed."""
    CLOSED = "closed"


BOUND = frozenset({State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX})
OVER = frozenset({State.UNBOUND, State.CLOSED})
BINDS = {
    int(Command.BIND_TRANSMITTER): State.BOUND_TX,
    int(Command.BIND_RECEIVER): State.BOUND_RX,
    int(Command.BIND_TRANSCEIVER): State.BOUND_TRX,
}
"""The state that each bind asks for."""

_TRANSMITS = frozenset({State.BOUND_TX, State.BOUND_TRX})
_RECEIVES = frozenset({State.BOUND_RX, State.BOUND_TRX})
_OPEN = frozenset({State.OPEN})

_REQUESTS = (Command.SUBMIT_SM, Command.SUBMIT_MULTI, Command.QUERY_SM, Command.CANCEL_SM, Command.REPLACE_SM)
_REQUESTS_OF_33 = (Command.PARAM_RETRIEVE, Command.QUERY_LAST_MSGS, Command.QUERY_MSG_DETAILS)
_Row = tuple[Iterable[int], frozenset[State]]


def _table(*rows: _Row) -> dict[int, frozenset[State]]:
    return {int(command_id): states for commands, states in rows for command_id in commands}


_BOTH: tuple[_Row, ...] = (((Command.UNBIND,), BOUND), ((Command.ENQUIRE_LINK,), BOUND | _OPEN))
_FROM_ESME = _table(*_BOTH, (BINDS, _OPEN), ((*_REQUESTS, *_REQUESTS_OF_33, Command.DATA_SM), _TRANSMITS))
_FROM_MC = _table(*_BOTH, ((Command.OUTBIND,), _OPEN), ((Command.DELIVER_SM, Command.DATA_SM, Command.ALERT_NOTIFICATION), _RECEIVES))
_NOWHERE: frozenset[State] = frozenset()


def may_send(sender: Role, command_id: int, state: State) -> bool:
    """Whether that end may send this request in this state."""
    table = _FROM_ESME if sender is Role.ESME else _FROM_MC
    return state in table.get(command_id, _NOWHERE)
