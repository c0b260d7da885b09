"""emnify's own Python SDK 0.5.3, unchanged, works when its base URL points at `heliograph try`: every call it has.

What the SDK does is in `emnify_sdk_calls.py`, which runs where the SDK is installed: `.venv-sdk`, made from `requirements/sdk.lock`.
"""

import ast
import json
import os
import subprocess
from pathlib import Path

import pytest
import requests

from tests.flows.program import Program, try_arguments

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-sdk" / "bin" / "python"
SCRIPT = Path(__file__).with_name("emnify_sdk_calls.py")
CLAIMS = [
    node.name
    for node in ast.parse(SCRIPT.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("the_sdk_")
]
BIC = "8988228-0001"


@pytest.fixture(scope="module")
def results() -> dict[str, str | None]:
    """What became of each claim: None, or the trace of its failure."""
    if not PYTHON.exists():
        pytest.skip("emnify's SDK is not installed: make setup-test")
    with Program(*try_arguments()) as program:
        ready = program.ready
        device_id = next(each["id"] for each in ready["devices"] if each["behaviour"] == "delivers")
        given = {"device_id": device_id, "sims": enter_sims(ready["api_url"], ready["application_token"]), "bic": BIC}
        ran = subprocess.run(
            [PYTHON, SCRIPT, ready["application_token"], json.dumps(given)],
            env={**os.environ, "EMNIFY_SDK_API_ENDPOINT_URL": ready["api_url"]},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, str | None] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("claim", CLAIMS)
def test_emnifys_sdk(claim: str, results: dict[str, str | None]) -> None:
    assert results[claim] is None, results[claim]


def enter_sims(url: str, application_token: str) -> list[int]:
    """Three free SIMs, whose ids are returned, and a batch of two: emnify's API has no call for it."""
    authenticated = requests.post(f"{url}/v1/authenticate", json={"application_token": application_token}, timeout=30)
    headers = {"Authorization": f"Bearer {authenticated.json()['auth_token']}"}
    free = [
        {"iccid": f"898822800000000000{number}", "imsi": f"90128000000000{number}", "msisdn": f"88228500000000{number}"}
        for number in range(3)
    ]
    batch = [{"iccid": f"898822900000000000{number}", "bic": BIC} for number in range(2)]
    entered = requests.post(f"{url}/v1/sim", json=[*free, *batch], headers=headers, timeout=30)
    assert entered.status_code == 201, entered.text
    return [each["id"] for each in entered.json()[:3]]
