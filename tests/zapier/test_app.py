"""The Zapier app works against `heliograph try`: its own tests (integrations/zapier/test, by vitest), a test here for each of them.

The server runs in this process's charge, Zapier's own core plays Zapier; nothing is a mock.
"""

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.flows.program import Program

ROOT = Path(__file__).parents[2]
APP = ROOT / "integrations" / "zapier"
VITEST = APP / "node_modules" / ".bin" / "vitest"
OLDEST_NODE = 20
FILES = sorted(path.name for path in (APP / "test").glob("*.test.js"))

WITHIN_S = 240
"""10 s on a quiet machine."""
pytestmark = [pytest.mark.needs("node"), pytest.mark.timeout(WITHIN_S + 60)]


@pytest.fixture(scope="module")
def results(program: Program, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What vitest reports, by the name of the file."""
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        pytest.skip(f"Node {OLDEST_NODE} or later is not installed: {version}")
    if not VITEST.exists():
        pytest.skip("what the Zapier app needs is not installed: npm, then make setup-test")
    report = tmp_path_factory.mktemp("vitest") / "report.json"
    ran = subprocess.run(
        [VITEST, "run", "--reporter=json", f"--outputFile={report}"],
        cwd=APP,
        env={**os.environ, "HELIOGRAPH_TRY": json.dumps(program.ready), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert report.exists(), ran.stdout + ran.stderr
    found = json.loads(report.read_text(encoding="utf-8"))["testResults"]
    return {Path(each["name"]).name: each for each in found}


@pytest.mark.parametrize("file", FILES)
def test_the_app_does_what_its_tests_claim(file: str, results: dict[str, dict[str, Any]]) -> None:
    found = results[file]
    claims = found["assertionResults"]
    failures = ["\n".join([claim["fullName"], *claim["failureMessages"]]) for claim in claims if claim["status"] == "failed"]
    assert not failures, "\n\n".join(failures)
    assert found["status"] == "passed", found["message"]
    assert Counter(claim["status"] for claim in claims) == {"passed": len(claims)}, "one of them was skipped"
    assert claims


def test_the_lock_names_no_host() -> None:
    lock = json.loads((APP / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert [name for name, package in lock["packages"].items() if name and not re.match("sha512-", package.get("integrity", ""))] == []


def test_the_app_needs_nothing_but_zapiers_core() -> None:
    package = json.loads((APP / "package.json").read_text(encoding="utf-8"))
    assert package["dependencies"] == {"zapier-platform-core": "19.1.0"}
    assert set(package["devDependencies"]) == {"vitest", "zapier-platform-schema"}
