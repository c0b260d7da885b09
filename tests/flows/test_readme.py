"""The first message as README.md and docs/quickstart.md tell it: their lines, in a shell, against what `make run` starts."""

import json
import re
import socket
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORT = re.compile(r"127\.0\.0\.1:(\d+)")


def _readme() -> list[str]:
    """The two shell blocks under `The first message`."""
    return _shell((ROOT / "README.md").read_text().split("## The first message")[1].split("\n## ")[0])


def _quickstart() -> list[str]:
    return _shell((ROOT / "docs/quickstart.md").read_text())


def _shell(text: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


@pytest.fixture(params=[_readme, _quickstart], ids=["README", "quickstart"])
def lines(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What the shell printed, with the demo world of a folder of this test and free ports."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    program = ROOT / ".venv/bin/heliograph"
    world = subprocess.Popen(
        [program, "try", "--json", "--http", "127.0.0.1:0", "--data", "data/try"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        assert world.stdout is not None
        ready = json.loads(world.stdout.readline())
        first, second = request.param()
        script = first + second.replace(" 9000 &", " 0 > received &")
        port = PORT.search(ready["api_url"])
        assert port is not None
        script = script.replace("127.0.0.1:8080", port[0])
        return _run(script, tmp_path)
    finally:
        world.terminate()
        assert world.wait(10) == 0
        world.stdout.close()  # type: ignore[union-attr]


def _run(script: str, folder: Path) -> str:
    hook = _free_port()
    script = script.replace("127.0.0.1:9000", f"127.0.0.1:{hook}").replace("receiver.py 0 ", f"receiver.py {hook} ")
    shell = ["bash", "-c", f"{script}\nsleep 2; kill %1; echo; cat received"]
    done = subprocess.run(shell, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_the_first_message_goes_as_the_page_tells(lines: str) -> None:
    assert "HTTP/1.1 201" in lines
    assert '"description":"DELIVERED"' in lines
    received = [line for line in lines.splitlines() if line.startswith(("POST /sms", "PATCH /sms"))]
    posted, patched = (json.loads(line.split(" ", 2)[2]) for line in received)
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
