"""An account while it is bound here: who acts, how it writes text, and how fast it may send. Its sessions share it."""

from heliograph.clock import Clock
from heliograph.model import esme
from heliograph.model.account import Actor, Door, Role
from heliograph.model.esme import EsmeSettings
from heliograph.model.ids import OrganisationId
from heliograph.smpp.text import Coder, DefaultAlphabet
from heliograph.store.smpp_account import SmppAccount


class Account:
    """`change` follows what was changed while sessions are open."""

    settings: EsmeSettings
    coder: Coder

    def __init__(self, row: SmppAccount, clock: Clock) -> None:
        self.system_id = row.system_id
        self.policy_id = row.policy_id
        self.actor = Actor(OrganisationId(row.organisation_id), row.organisation_name, Role.USER, Door.SMPP, email=row.system_id)
        self._clock = clock
        self._tokens = 0.0
        self._filled_at = clock.monotonic()
        self.change(row)

    def change(self, row: SmppAccount) -> None:
        """Take over what an account is now."""
        self.row = row
        self.settings = esme.read(row.settings)
        default = DefaultAlphabet(self.settings.default_coding.value)
        self.coder = Coder(default=default, ascii_is_septets=self.settings.coding_1 is esme.CodingOne.GSM7)
        self._tokens = float(self.settings.rate or 0)

    def take(self, messages: int) -> bool:
        """Whether so many messages more may come now: `rate` a second, and so many at once after a second's silence. Many at once may
        overdraw it, and are then waited for."""
        rate = self.settings.rate
        if rate is None:
            return True
        now = self._clock.monotonic()
        self._tokens = min(rate, self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= messages
        return True
