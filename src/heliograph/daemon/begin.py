"""What an installation lacks before the first message can go: said by `serve` at its start, and by `doctor`."""

from dataclasses import dataclass

from heliograph.store import account, link
from heliograph.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Step:
    """What is not there yet, and the command that makes it."""

    what: str
    do: str


def next_steps(tx: Transaction) -> list[Step]:
    """What is not there yet, in the order in which it is made; nothing once messages can go."""
    there = {
        Step("there is no organisation yet", "heliograph organisation add NAME"): account.count_organisations(tx),
        Step("there is no user yet: nobody can log in", "heliograph user add EMAIL"): len(account.users(tx, 0)),
        Step("there is no application token yet: no program can use the API", "heliograph token create"): len(account.tokens(tx, 0)),
        Step("there is no link yet: no message can leave", "heliograph link add simulator NAME"): len(link.views(tx)),
    }
    return [step for step, found in there.items() if not found]
