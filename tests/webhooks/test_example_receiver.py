"""docs/examples/webhook_receiver.py, which the pages have people look at: what it prints can be read, whatever comes at the same time."""

import http.client
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "docs/examples/webhook_receiver.py"
SENDERS, EACH = 8, 50


def test_each_request_is_a_line_of_its_own_however_many_come_at_once(tmp_path: Path) -> None:
    with (
        (tmp_path / "received").open("w") as lines,
        subprocess.Popen([sys.executable, EXAMPLE, "0"], stdout=lines, stderr=subprocess.PIPE, text=True) as receiver,
    ):
        try:
            assert receiver.stderr is not None
            port = int(receiver.stderr.readline().rsplit(":", 1)[1])
            with ThreadPoolExecutor(SENDERS) as pool:
                list(pool.map(lambda sender: send(port, sender), range(SENDERS)))
        finally:
            receiver.kill()
    wanted = sorted(f'POST /sms {{"sender":{sender},"number":{number}}}' for sender in range(SENDERS) for number in range(EACH))
    assert sorted((tmp_path / "received").read_text().splitlines()) == wanted


def send(port: int, sender: int) -> None:
    """Requests over one connection, each answered before the next."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for number in range(EACH):
        connection.request("POST", "/sms", f'{{"sender":{sender},"number":{number}}}')
        answered = connection.getresponse()
        answered.read()
        assert answered.status == 200
    connection.close()
