"""The command line: `heliograph try`, `heliograph serve`, `heliograph migrate`. Reads options and settings; what runs is `daemon`."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from heliograph import __version__
from heliograph.config import Config, ConfigError
from heliograph.daemon.start import serve as serve_installation
from heliograph.daemon.start import try_out
from heliograph.setting import ADDRESS
from heliograph.store.database import engine_of
from heliograph.store.migrate import SchemaTooNew
from heliograph.store.migrate import migrate as migrate_schema

WRONG_SETTINGS = 2
TRY_GRACE_S = 4
"""Of the 5 s in which `try` ends; the rest is for closing."""

app = App(name="heliograph", version=__version__, help="Self-hosted SMS platform for fleets of IoT devices.", version_flags=["--version"])


@app.command(name="try")
def try_(
    *,
    http: str = "127.0.0.1:8080",
    smpp: str = "127.0.0.1:2775",
    data: Path | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Run a demo world: a simulated network with devices to text, and an API to do it with.

    Parameters
    ----------
    http
        Where portal and API listen, HOST:PORT; port 0 takes a free one.
    smpp
        Where SMPP will listen, HOST:PORT. This release has no SMPP server yet.
    data
        The directory that keeps the world, so that the next start finds what was there. Without it: a new one, deleted at the end.
    json
        Say in one line of JSON on standard output when it is ready.
    """
    if not _is_address("--smpp", smpp):
        return WRONG_SETTINGS
    directory = data or Path(tempfile.mkdtemp(prefix="heliograph-"))
    given = {"data_dir": str(directory), "http.listen": http, "stop_grace_s": str(TRY_GRACE_S)}
    log_form = {"log.format": "json", "log.level": "info"} if json else {"log.format": "console", "log.level": "warning"}
    environ = {name: value for name, value in os.environ.items() if name.startswith("HELIOGRAPH_LOG_")}
    chosen = {name: text for name, text in log_form.items() if f"HELIOGRAPH_{name.replace('.', '_').upper()}" not in environ}
    try:
        config = _config(None, environ, given | chosen)
        return WRONG_SETTINGS if config is None else try_out(config, as_json=json)
    finally:
        if data is None:
            shutil.rmtree(directory, ignore_errors=True)


@app.command
def serve(*, config: Path | None = None) -> int:
    """Run the installation that a file of settings, or the environment, describes.

    Parameters
    ----------
    config
        The file of settings (TOML). Every setting may also be given as an environment variable HELIOGRAPH_...
    """
    settings = _config(config, dict(os.environ), {})
    return WRONG_SETTINGS if settings is None else serve_installation(settings)


@app.command
def migrate(*, config: Path | None = None) -> int:
    """Bring the database's schema up to this release, as `serve` does when it starts.

    Parameters
    ----------
    config
        The file of settings (TOML), as for `serve`.
    """
    settings = _config(config, dict(os.environ), {})
    if settings is None:
        return WRONG_SETTINGS
    try:
        if settings.sqlite_path is not None:
            settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
        applied = migrate_schema(engine_of(str(settings.sqlite_path or settings.database)))
    except SchemaTooNew as error:
        print(f"heliograph: {error}", file=sys.stderr)
        return 1
    for one in applied:
        print(f"applied {one.version:04} {one.name}")
    if not applied:
        print("the schema is up to date")
    return 0


def main() -> None:
    """What the installed program `heliograph` runs."""
    app()


def _config(path: Path | None, environ: dict[str, str], command_line: dict[str, str]) -> Config | None:
    """The settings, or None after saying all that is wrong with them."""
    try:
        return Config.load(path, environ, command_line)
    except ConfigError as error:
        for problem in error.problems:
            print(f"heliograph: {problem}", file=sys.stderr)
        return None


def _is_address(option: str, text: str) -> bool:
    try:
        ADDRESS.read(text)
    except ValueError:
        print(f"heliograph: {option} {text} is not accepted; it takes {ADDRESS.accepts}", file=sys.stderr)
        return False
    return True
