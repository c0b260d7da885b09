"""`heliograph try`, `serve` and `migrate`: what runs an installation, and brings its schema up to date. What runs is `daemon`."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from heliograph.cli.answer import DONE, REFUSED, WRONG_USAGE, Refusal, Said, refuse, show
from heliograph.cli.desk import PLAIN, Options, settings
from heliograph.daemon.start import serve as serve_installation
from heliograph.daemon.start import try_out
from heliograph.daemon.storage import DATABASE_ERRORS, engine_for, unreachable
from heliograph.store.engine import EngineTooOld
from heliograph.store.migrate import SchemaTooNew
from heliograph.store.migrate import migrate as migrate_schema

TRY_GRACE_S = 4
"""Of the 5 s in which `try` ends; the rest is for closing."""


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
        Where applications bind by SMPP, HOST:PORT; port 0 takes a free one.
    data
        The directory that keeps the world, so that the next start finds what was there. Without it: a new one, deleted at the end.
    json
        Say in one line of JSON on standard output when it is ready.
    """
    directory = data or Path(tempfile.mkdtemp(prefix="heliograph-"))
    given = {"data_dir": str(directory), "http.listen": http, "smpp.listen": smpp, "stop_grace_s": str(TRY_GRACE_S)}
    log_form = {"log.format": "json", "log.level": "info"} if json else {"log.format": "console", "log.level": "warning"}
    environ = {name: value for name, value in os.environ.items() if name.startswith("HELIOGRAPH_LOG_")}
    chosen = {name: text for name, text in log_form.items() if f"HELIOGRAPH_{name.replace('.', '_').upper()}" not in environ}
    try:
        config = settings(None, environ, given | chosen)
        return WRONG_USAGE if config is None else try_out(config, as_json=json)
    finally:
        if data is None:
            shutil.rmtree(directory, ignore_errors=True)


def serve(*, config: Path | None = None) -> int:
    """Run the installation that a file of settings, or the environment, describes.

    Parameters
    ----------
    config
        The file of settings (TOML); without it the one that HELIOGRAPH_CONFIG names. Every setting may also be given as an environment
        variable HELIOGRAPH_...
    """
    found = settings(config)
    return WRONG_USAGE if found is None else serve_installation(found)


def migrate(*, options: Options = PLAIN) -> int:
    """Bring the database's schema up to this release, as `serve` does when it starts."""
    config = settings(options.config)
    if config is None:
        return WRONG_USAGE
    try:
        if config.sqlite_path is not None:
            config.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
        applied = migrate_schema(engine_for(config))
    except (SchemaTooNew, EngineTooOld, OSError) as error:
        refuse(error, as_json=options.json)
        return REFUSED
    except DATABASE_ERRORS as error:
        refuse(Refusal(unreachable(config, error)), as_json=options.json)
        return REFUSED
    text = "\n".join(f"applied {each.version:04} {each.name}" for each in applied) or "the schema is up to date"
    show(Said("", {"applied": [{"version": each.version, "name": each.name} for each in applied]}, text), as_json=options.json)
    return DONE
