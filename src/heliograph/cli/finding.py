"""One line of `heliograph doctor`."""

from dataclasses import dataclass
from typing import Any, Final

OK: Final = "ok"
WARN: Final = "warn"
BAD: Final = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """`state`: OK, WARN (it works, and should be looked at) or BAD (it does not work). `do`: what to do about it."""

    check: str
    state: str
    text: str
    do: str | None = None

    def fields(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"check": self.check, "state": self.state, "text": self.text, "do": self.do}
