"""The snippets of docs/webhooks.md verify what we sign, and nothing else."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from heliograph.webhooks.sign import standard_signature

PAGE = (Path(__file__).parents[2] / "docs/webhooks.md").read_text()
SECRET, OTHER = "whsec_" + "c2VjcmV0" * 4, "whsec_" + "b3RoZXI=" * 4
BODY = '{"payload":"Grüße"}'


def snippet(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def headers(*secrets: str) -> dict[str, str]:
    now_s = int(time.time())
    signatures = " ".join(standard_signature(each, "42", now_s, BODY.encode()) for each in secrets)
    return {"webhook-id": "42", "webhook-timestamp": str(now_s), "webhook-signature": signatures}


def test_python() -> None:
    assert "Webhook(secret).verify(body, headers)" in snippet("python")
    for signed in (headers(SECRET), headers(OTHER, SECRET)):
        assert Webhook(SECRET).verify(BODY, signed) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, headers(OTHER))


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_node() -> None:
    calls = [
        (SECRET, headers(SECRET), BODY),
        (SECRET, headers(OTHER, SECRET), BODY),
        (SECRET, headers(OTHER), BODY),
        (SECRET, headers(SECRET), "{}"),
    ]
    script = f"{snippet('js')}\nconsole.log(JSON.stringify({json.dumps(calls)}.map((call) => verify(...call))))"
    ran = subprocess.run(["node", "-e", script], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(ran.stdout) == [True, True, False, False]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_shell(tmp_path: Path) -> None:
    (tmp_path / "body").write_text(BODY)
    signed = headers(SECRET)
    given = {"SECRET": SECRET, "WEBHOOK_ID": "42", "WEBHOOK_TIMESTAMP": signed["webhook-timestamp"]}
    ran = subprocess.run(
        ["bash", "-c", snippet("sh")], capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path, env=os.environ | given
    )
    assert f"v1,{ran.stdout.strip()}" == signed["webhook-signature"]
