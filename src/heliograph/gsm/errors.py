"""What can be wrong with octets or text of an SMS. It holds the error types and nothing else."""


class GsmError(ValueError):
    """The root of what this package raises: octets or values that 3GPP TS 23.038 or 3GPP TS 23.040 does not allow."""


class AlphabetError(GsmError):
    """A text has a character its alphabet lacks, or octets are no septets.

    `character` is what did not fit and `position` where it stands in the text; both None where the error is about octets.
    """

    def __init__(self, message: str, character: str | None = None, position: int | None = None) -> None:
        super().__init__(message)
        self.character = character
        self.position = position


class TpduError(GsmError):
    """A TPDU, or a part of one, cannot be read or cannot be written. The only error any octets whatever can cause."""


class SegmentError(GsmError):
    """A text cannot be cut into segments, or parts do not make up a whole."""
