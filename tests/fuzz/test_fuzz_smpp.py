"""The fuzz target of SMPP for 30 s, and for a million cases in `make test-long`."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")


def fuzz(corpus: Path, *options: str, timeout_s: float) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.fuzz_smpp",
        str(corpus),
        f"-artifact_prefix={corpus.parent}/",
        "-max_len=1200",
        "-timeout=10",
        "-print_final_stats=1",
        *options,
    ]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-6000:]
    assert "number_of_executed_units" in ran.stderr, ran.stderr[-2000:]


def test_nothing_but_a_pdu_a_clean_refusal_or_a_nack_in_thirty_seconds(tmp_path: Path) -> None:
    fuzz(tmp_path / "corpus", "-max_total_time=30", timeout_s=110)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_nothing_but_that_in_a_million_cases(tmp_path: Path) -> None:
    fuzz(tmp_path / "corpus", "-runs=1000000", timeout_s=3500)
