"""What can be wrong with octets, values or times of SMPP. It holds the error types and nothing else."""

from heliograph.smpp.command import GENERIC_NACK, HEADER, HEADER_OCTETS, NEVER_ANSWERED, RESPONSE_BIT, is_response, name_of
from heliograph.smpp.status import RINVCMDID, RINVCMDLEN


class SmppError(ValueError):
    """The root of what this package raises."""


class PduError(SmppError):
    """Octets are not a PDU. The only error any octets whatever can cause.

    `command_status` is what the peer is told, `command_id` and `sequence_number` are those of the PDU (0 where it had none).
    """

    def __init__(self, message: str, command_status: int, command_id: int = 0, sequence_number: int = 0) -> None:
        super().__init__(message)
        self.command_status = command_status
        self.command_id = command_id
        self.sequence_number = sequence_number

    @property
    def answer(self) -> bytes | None:
        """The PDU to answer with; None where nothing may be answered: to a response, an outbind, an alert_notification.

        generic_nack where header or command_id are at fault, else the response of that command (SMPP 3.4 4.3).
        """
        if is_response(self.command_id) or self.command_id in NEVER_ANSWERED:
            return None
        unreadable = self.command_status in (RINVCMDLEN, RINVCMDID)
        command_id = GENERIC_NACK if unreadable else self.command_id | RESPONSE_BIT
        return HEADER.pack(HEADER_OCTETS, command_id, self.command_status, self.sequence_number)

    def __reduce__(self) -> tuple[type["PduError"], tuple[str, int, int, int]]:
        return PduError, (str(self), self.command_status, self.command_id, self.sequence_number)


class ValueNotAllowedError(SmppError):
    """A value cannot be written into its field; the text names PDU, field and limit."""


class TimeError(SmppError):
    """A text is no SMPP time, or a time cannot be said as one. `command_status` is not part of it: two fields share the format."""


def unknown_command(command_id: int, sequence_number: int) -> PduError:
    """A command_id no version has."""
    return PduError(f"{name_of(command_id)} is not known here", RINVCMDID, command_id, sequence_number)
