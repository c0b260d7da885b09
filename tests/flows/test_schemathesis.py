"""What the document of the API allows, and what it does not, is asked of a whole daemon: it never fails and answers only as described."""

import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.flows.program import Program

SETTINGS = Path(__file__).with_name("schemathesis.toml")


def asked(base: str, token: str | None, directory: Path, *options: str, limit_s: int) -> subprocess.CompletedProcess[str]:
    """Run schemathesis, which ends by itself after `limit_s`, a little later where a request is under way."""
    headers = ["-H", f"Authorization: Bearer {token}"] if token else []
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS)),
            *("run", f"{base}/openapi.json", "--checks", "all"),
            *("--generation-deterministic", "--no-color", "--max-time", str(limit_s), "--request-timeout", "30", *headers, *options),
        ],
        capture_output=True, text=True, check=False, timeout=limit_s + 90, cwd=directory,
    )  # fmt: skip


def auth_token(program: Program) -> str:
    body = {"application_token": program.ready["application_token"]}
    reply = requests.post(f"{program.ready['api_url']}/v1/authenticate", json=body, timeout=30)
    return str(reply.json()["auth_token"])


@pytest.mark.parametrize("is_somebody", [True, False])
def test_the_api_answers_as_it_is_described(tmp_path: Path, is_somebody: bool) -> None:
    with Program("try", "--http", "127.0.0.1:0", "--smpp", "127.0.0.1:0", "--json") as program:
        token = auth_token(program) if is_somebody else None
        ran = asked(program.ready["api_url"], token, tmp_path, "--phases", "examples,coverage", limit_s=40 if is_somebody else 8)
        failed = [line for line in program.log if "request failed" in line]
    assert ran.returncode == 0, f"{ran.stdout[-30000:]}\n{ran.stderr[-2000:]}"
    assert failed == []


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_api_answers_as_it_is_described_for_long(tmp_path: Path) -> None:
    with Program("try", "--http", "127.0.0.1:0", "--smpp", "127.0.0.1:0", "--json") as program:
        phases = ("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "100")
        ran = asked(program.ready["api_url"], auth_token(program), tmp_path, *phases, limit_s=600)
        failed = [line for line in program.log if "request failed" in line]
    assert ran.returncode == 0, f"{ran.stdout[-30000:]}\n{ran.stderr[-2000:]}"
    assert failed == []
