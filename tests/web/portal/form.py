"""A form of a page as a browser without scripts would send it."""

from collections.abc import Mapping
from html.parser import HTMLParser

Pairs = list[tuple[str, str]]


class _Forms(HTMLParser):
    """Collects the fields of each form by its action."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, Pairs]] = []
        self._select: tuple[str, list[str], list[str]] | None = None
        self._textarea: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found.get("action", ""), []))
        elif tag == "select":
            self._select = (found.get("name", ""), [], [])
        elif tag == "option" and self._select is not None:
            self._select[1 if "selected" in found else 2].append(found.get("value", "\0"))
        elif tag == "textarea":
            self._textarea = (found.get("name", ""), [])
        elif tag == "input" and self.forms and found.get("name") and ("checked" in found or found.get("type") not in ("checkbox", "radio")):
            self.forms[-1][1].append((found["name"], found.get("value", "on")))

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self._textarea[1].append(data)
        elif self._select is not None:
            for values in self._select[1:]:
                if values and values[-1] == "\0":
                    values[-1] = data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select is not None and self.forms:
            name, chosen, others = self._select
            self.forms[-1][1].append((name, (chosen + others)[0].replace("\0", "")))
            self._select = None
        elif tag == "textarea" and self._textarea is not None and self.forms:
            self.forms[-1][1].append((self._textarea[0], "".join(self._textarea[1]).removeprefix("\n")))
            self._textarea = None


def form_at(page: str, action: str, number: int = 0, changes: Mapping[str, str] = {}) -> Pairs:
    """The fields of the form that posts to an address, some of them changed; of a name that comes several times, the last."""
    forms = _Forms()
    forms.feed(page)
    pairs = [pairs for at, pairs in forms.forms if at == action][number]
    for name, value in changes.items():
        places = [place for place, (each, _) in enumerate(pairs) if each == name]
        if places:
            pairs[places[-1]] = (name, value)
        else:
            pairs.append((name, value))
    return pairs
