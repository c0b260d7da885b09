"""The command line: `heliograph NOUN VERB`, one module per noun. It reads options and prints answers; the rules are the services'.

Exit codes: 0 done; 1 refused, or it failed; 2 wrong usage or settings. A noun's module is imported when one of its commands is called.
"""

import os
import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError

from heliograph import __version__, log
from heliograph.cli.answer import DONE, WRONG_USAGE

NOUNS: Final = {
    "organisation": "Organisations: the tenants of the installation.",
    "user": "People who log in.",
    "token": "Application tokens: what programs authenticate with.",
    "device": "Devices and their SIMs.",
    "sms": "Messages: send one, look at them, follow them.",
    "policy": "Service policies: what devices may do with SMS.",
    "webhook": "Webhooks: who is told of what happens, and how that goes.",
    "technician-link": "Technician links: one device's console for somebody without an account.",
    "link": "Links: the legs toward mobile networks.",
    "route": "Routes: which link the messages of which devices go by.",
    "smpp": "SMPP: what applications bind with, and who is bound.",
    "config": "The settings of the installation.",
}
COMMANDS: Final = {
    "try": "serve:try_",
    "serve": "serve:serve",
    "migrate": "serve:migrate",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "copy": "backup:copy",
    "doctor": "doctor:doctor",
}
HELP: Final = ("--help", "-h")


def _make() -> App:
    made = App(
        name="heliograph",
        version=__version__,
        help="Self-hosted SMS platform for fleets of IoT devices.",
        version_flags=["--version"],
        result_action="return_value",
    )
    for name, function in COMMANDS.items():
        made.command(f"heliograph.cli.{function}", name=name)
    for name, text in NOUNS.items():
        made.command(f"heliograph.cli.{name.replace('-', '_')}:app", name=name, help=text)
    return made


app = _make()


def run(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments (else those of this process) say; the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] in HELP:
        for name in COMMANDS:
            app[name]  # imported, so that the list of commands has its first line of help
    try:
        code = app(arguments, exit_on_error=False)
        sys.stdout.flush()
    except CycloptsError:  # said by cyclopts
        return WRONG_USAGE
    except BrokenPipeError:  # whoever read our output has enough; the flush at the end must not fail over it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code if isinstance(code, int) else DONE


def main() -> None:
    """What the installed program `heliograph` runs."""
    log.configure("warning", "console")
    sys.exit(run())
