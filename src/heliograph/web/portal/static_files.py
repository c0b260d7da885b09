"""The files of the portal that never change while a process runs: read once, kept in memory, and in browsers for a year.

Their path names the hash of all of them, so a browser never mixes two releases, and what is written inside them may be relative.
"""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from heliograph.web.answer import Header
from heliograph.web.portal.reply import Reply

ROOT: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static/"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".json": "application/json",
}
FOR_A_YEAR: Final[Header] = (b"cache-control", b"public, max-age=31536000, immutable")


@cache
def files() -> dict[str, bytes]:
    """What is served, by its path."""
    found = (path for path in sorted(ROOT.rglob("*")) if path.suffix in TYPES)
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in found}


@cache
def version() -> str:
    """The hash of all of them."""
    digest = hashlib.sha256()
    for name, content in files().items():
        digest.update(b"%s\0%d\0" % (name.encode(), len(content)))
        digest.update(content)
    return digest.hexdigest()[:16]


@cache
def vendored(part: str) -> str:
    """The folder of a part that others wrote, whatever its version."""
    (folder,) = (ROOT / "vendor").glob(f"{part}-*")
    return folder.relative_to(ROOT).as_posix()


def url(name: str) -> str:
    """Where a file is, as a page names it. Raises KeyError for one that is not there. `htmx/x.js` is one of a part that others wrote."""
    if name not in files():
        part, _, rest = name.partition("/")
        name = f"{vendored(part)}/{rest}"
    if name not in files():
        raise KeyError(name)
    return f"{PREFIX}{version()}/{name}"


def reply(path: str, accepts_gzip: bool) -> Reply | None:
    """The file at a path, or None. One of another release is answered too, but not to be kept: a page that is open lives on."""
    asked, _, name = path.removeprefix(PREFIX).partition("/")
    if name not in files():
        return None
    kind = TYPES[Path(name).suffix]
    packed = _packed(name) if accepts_gzip else None
    headers: list[Header] = [(b"content-type", kind.encode()), (b"vary", b"accept-encoding")]
    headers.append(FOR_A_YEAR if asked == version() else (b"cache-control", b"no-cache"))
    if packed is not None:
        headers.append((b"content-encoding", b"gzip"))
    return Reply(200, tuple(headers), files()[name] if packed is None else packed)


@cache
def _packed(name: str) -> bytes | None:
    """It in gzip, where that is worth it."""
    if name.endswith(".woff2"):
        return None
    return gzip.compress(files()[name], 9, mtime=0)
