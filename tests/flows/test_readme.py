"""The first message as README.md and docs/quickstart.md tell it: their lines, in a shell, against what `make run` starts."""

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.flows.program import Program, try_arguments

ROOT = Path(__file__).parents[2]


def _readme() -> list[str]:
    """The two shell blocks under `The first message`."""
    return _shell((ROOT / "README.md").read_text().split("## The first message")[1].split("\n## ")[0])


def _quickstart() -> list[str]:
    return _shell((ROOT / "docs/quickstart.md").read_text())


def _shell(text: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


@pytest.fixture(params=[_readme, _quickstart], ids=["README", "quickstart"])
def lines(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What the shell printed, with the demo world of a folder of this test."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    first, second = request.param()
    with Program(*try_arguments(Path("data/try")), cwd=tmp_path) as world:
        script = "\n".join(
            [SLEEP, first.replace("127.0.0.1:8080", world.ready["portal_url"].removeprefix("http://")), heard(second), LISTEN]
        )
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False)
        assert world.end()[0] == 0
    return done.stdout + done.stderr


SLEEP = """sleep() { until curl -s $A/endpoint/1/sms -H "$AUTH" | grep -q DELIVERED; do command sleep 0.2; done; }"""
"""What the page sleeps for, however long it takes on this machine."""
LISTEN = "until [ $(grep -c . received) -ge 2 ]; do command sleep 0.1; done; kill %1; echo; cat received"


def heard(script: str) -> str:
    """With a receiver that takes a free port and writes down what it hears."""
    told = "until PORT=$(grep -o '[0-9]*$' told); do command sleep 0.1; done"
    for old, new in ((" 9000 & sleep 1", f" 0 > received 2> told & {told}"), ("127.0.0.1:9000", "127.0.0.1:'$PORT'")):
        assert old in script, f"{old} stands in the page no more"
        script = script.replace(old, new)
    return script


def test_the_first_message_goes_as_the_page_tells(lines: str) -> None:
    assert "HTTP/1.1 201" in lines
    assert '"description":"DELIVERED"' in lines
    received = [line for line in lines.splitlines() if line.startswith(("POST /sms", "PATCH /sms"))]
    patched, posted = (json.loads(line.split(" ", 2)[2]) for line in sorted(received))
    year = time.strftime("%Y-")
    assert posted.pop("submit_date").startswith(year)
    message_id = posted.pop("id")
    assert posted == {
        "pid": 0,
        "dcs": 0,
        "source_address": "423663920000001",
        "dest_address": "1000",
        "endpoint": {"id": 1, "name": "Water meter Bahnhofstrasse"},
        "multi_part_info": {"partno": 1, "total": 1, "identifier": str(message_id)},
        "organisation": {"id": 1},
        "payload": "42 litres",
    }
    assert patched.pop("submit_date").startswith(year)
    assert patched.pop("final_date").startswith(year)
    assert patched.pop("id") > message_id
    assert patched == {
        "status": {"id": 4, "status": "DELIVERED"},
        "endpoint": {"id": 1, "name": "Water meter Bahnhofstrasse"},
        "organisation": {"id": 1},
    }
