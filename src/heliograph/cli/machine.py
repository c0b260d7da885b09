"""What `heliograph doctor` sees of the machine: room on the disk, who may read the data, open files, whether its clock is kept."""

import ctypes
import os
import resource
import shutil
import stat
from collections.abc import Iterator
from typing import Final

from heliograph.cli.finding import BAD, OK, WARN, Finding
from heliograph.config import Config

MB: Final = 1024 * 1024
LITTLE_BYTES: Final = 2048 * MB
NO_BYTES: Final = 256 * MB
FEW_FILES: Final = 4096
TIME_ERROR: Final = 5
"""adjtimex(2): the clock is not synchronised."""
TIMEX_OCTETS: Final = 512


def machine(config: Config) -> Iterator[Finding]:
    """The findings of this machine."""
    yield from _disk(config)
    yield from _owner(config)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FEW_FILES:
        text = f"a process may open {hard} files: each connection and delivery needs one"
        yield Finding("files", WARN, text, "LimitNOFILE=65536 in the service's unit")
    if not _clock_is_kept():
        yield Finding("clock", WARN, "the system does not say that it keeps its time by NTP", "turn on systemd-timesyncd, chrony or ntpd")


def _disk(config: Config) -> Iterator[Finding]:
    if not config.data_dir.exists():
        return
    free = shutil.disk_usage(config.data_dir).free
    size = ""
    if config.sqlite_path is not None and config.sqlite_path.exists():
        size = f"; the database takes {config.sqlite_path.stat().st_size // MB} MB"
    text = f"{free // MB} MB free where {config.data_dir} is{size}"
    if free < NO_BYTES:
        yield Finding("disk", BAD, text, "make room at once: where the disk is full, nothing is accepted")
    elif free < LITTLE_BYTES:
        yield Finding("disk", WARN, text, "make room, or keep messages for a shorter time")
    else:
        yield Finding("disk", OK, text)


def _owner(config: Config) -> Iterator[Finding]:
    path = config.sqlite_path
    if path is None or not path.exists():
        return
    found = path.stat()
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding("files", WARN, f"others on this machine may read {path}: it holds messages and secrets", f"chmod 600 {path}")
    if not os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK):
        yield Finding(
            "files", BAD, f"this user may not write {path}", "run commands as the service's user: sudo -u heliograph heliograph ..."
        )


def _clock_is_kept() -> bool:
    """What the kernel says; where it says nothing, there is nothing to tell."""
    try:
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_OCTETS))) != TIME_ERROR
    except (AttributeError, OSError):
        return True
