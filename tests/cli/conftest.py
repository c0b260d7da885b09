"""The command line inside the test's process: an installation of its own, and what a command printed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from heliograph.cli import run


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Ended]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of an installation that is not there yet, named to all commands."""
    file = tmp_path / "heliograph.toml"
    file.write_text(f'data_dir = "{tmp_path / "data"}"\nstop_grace_s = 2\n[http]\nlisten = "127.0.0.1:0"\n')
    monkeypatch.setenv("HELIOGRAPH_CONFIG", str(file))
    return file


@pytest.fixture
def cli(config: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command."""

    def ended(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        code = run([str(each) for each in arguments])
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return ended


@pytest.fixture
def acme(cli: Cli) -> Cli:
    """The command line of an installation with the organisation Acme."""
    assert cli("organisation", "add", "Acme").code == 0
    return cli
