"""The navigation: one table. A page that is to stand in it adds a line."""

from collections.abc import Callable
from typing import Final, NamedTuple

from heliograph.model.permission import Right


class Item(NamedTuple):
    """`key`: typed after `g`, goes there. `only_demo`: stands there only where a simulator runs."""

    href: str
    icon: str
    text: str
    right: Right = Right.READ
    key: str = ""
    only_demo: bool = False


ITEMS: Final[tuple[tuple[Item, ...], ...]] = (
    (
        Item("/overview", "chart-line", "Overview", key="a"),
        Item("/devices", "smartphone", "Devices", key="d"),
        Item("/messages", "messages-square", "Messages", key="m"),
        Item("/mailings", "list-checks", "Bulk SMS", key="b"),
        Item("/commands", "terminal", "Commands", key="c"),
    ),
    (
        Item("/policies", "shield-check", "Service policies", key="p"),
        Item("/webhooks", "webhook", "Webhooks", key="w"),
        Item("/smpp", "plug", "SMPP", key="s"),
        Item("/technician-links", "link", "Technician links", key="l"),
    ),
    (
        Item("/links", "radio-tower", "Links", Right.OPERATE, key="k"),
        Item("/routes", "network", "Routes", Right.OPERATE, key="r"),
        Item("/simulator", "cpu", "Simulator", Right.OPERATE, only_demo=True),
        Item("/users", "users", "Users", Right.ADMINISTER, key="u"),
        Item("/tokens", "key-round", "Application tokens", Right.ADMINISTER, key="t"),
        Item("/audit", "scroll-text", "Audit", Right.ADMINISTER),
    ),
)
"""In groups, a line between them."""


def groups(can: Callable[[Right], bool], is_demo: bool) -> list[list[Item]]:
    """What somebody sees of it."""
    seen = ([item for item in group if can(item.right) and (is_demo or not item.only_demo)] for group in ITEMS)
    return [group for group in seen if group]


def is_here(item: Item, path: str) -> bool:
    """Whether a page belongs to an item."""
    return path == item.href or path.startswith(item.href + "/")
