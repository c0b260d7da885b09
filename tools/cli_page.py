"""Write docs/cli.md from the commands themselves: `python tools/cli_page.py`. A test compares the two."""

import re
from pathlib import Path

from heliograph.cli import app

PAGE = Path(__file__).parent.parent / "docs" / "cli.md"

INTRODUCTION = """\
# Command line

<!-- Written by tools/cli_page.py; change src/heliograph/cli/ instead. -->

`heliograph NOUN VERB` looks into an installation and changes it, while `heliograph serve` runs or not. The first hour of an installation is
in [operate.md](operate.md).

Every command takes, beside its own options:

| option | |
|---|---|
| `--config FILE` | The [settings](config.md), as for `serve`; without it those in the file that `HELIOGRAPH_CONFIG` names. |
| `--json` | Answer in JSON, for programs. What was refused is then an object on standard error: `error`, `message`, `errors`. |
| `--organisation NAME` | Of commands that concern one organisation: which, by id or name. Where there is only one, it is that one. |
| `--help` | What the command does, and its options. |

Exit codes: `0` done; `1` refused, or it failed (`doctor`: something is bad); `2` wrong usage or wrong settings, nothing was tried.

An id, a token or a password that a command makes stands alone on standard output, everything else it says on standard error:
`TOKEN=$(heliograph token create)`. Passwords are generated, or asked for with `--ask`; none stands on a command line. A command acts as the
operator of the installation; the audit keeps the login of whoever called it.
"""

COMMON = re.compile(
    r"^\* `(--config PATH|--json|--organisation STR)`: (The file of settings|Answer in JSON|The organisation, by id).*\n", re.MULTILINE
)
CONTENTS = re.compile(r".*?(?=^## heliograph)", re.DOTALL | re.MULTILINE)
EMPTY = re.compile(r"\*\*Parameters\*\*:\n\n(?=##|\Z)")


def page() -> str:
    made = CONTENTS.sub("", app.generate_docs(output_format="markdown"), count=1)
    made = made.replace(" *[default: False]*", "").replace(" *[default: ()]*", "")
    made = re.sub(r"^(heliograph .*?) -m \S+", r"\1", made, flags=re.MULTILINE)  # how this program itself was started
    made = re.sub(r"\n    (?=\S)", " ", made)  # a description of several lines
    made = re.sub(r"\n{3,}", "\n\n", COMMON.sub("", made))
    return f"{INTRODUCTION}\n{EMPTY.sub('', made).strip()}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
