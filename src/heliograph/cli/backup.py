"""`heliograph backup`, `restore` and `copy`: the whole installation, into a file, out of one, from one database to another."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import psycopg
from cyclopts import Parameter

from heliograph.cli.answer import DONE, REFUSED, WRONG_USAGE, Answer, Refusal, Said, refuse, show
from heliograph.cli.desk import PLAIN, Desk, Options, at_desk, settings
from heliograph.config import Config
from heliograph.daemon.storage import DATABASE_ERRORS, engine_for, is_served, unreachable
from heliograph.service import housekeeping
from heliograph.service.manage import link
from heliograph.setting import without_password
from heliograph.store import copy as copying
from heliograph.store.copy import Copied, CopyRefused
from heliograph.store.database import engine_of
from heliograph.store.engine import Engine, EngineTooOld
from heliograph.store.migrate import SchemaTooNew, schema_version
from heliograph.store.sqlite import SqliteEngine

Flag = Annotated[bool, Parameter(negative="")]


def backup(file: Path, /, *, overwrite: Flag = False, options: Options = PLAIN) -> int:
    """Write the whole installation into one file, while `serve` runs or not. It is an SQLite file, whatever the installation runs on.

    Parameters
    ----------
    file
        The file to write. It holds messages, hashes and secrets, and is readable by its owner only.
    overwrite
        Replace a file that is there.
    """

    def work(config: Config) -> Answer:
        if file.exists() and not overwrite:
            raise Refusal(f"{file} is there already: choose another name, or say --overwrite")
        if not file.parent.is_dir():
            raise Refusal(f"there is no directory {file.parent}: make it, or name a file elsewhere")
        part = file.with_name(f"{file.name}.part")
        part.unlink(missing_ok=True)
        engine = engine_for(config)
        try:
            if isinstance(engine, SqliteEngine):
                done = copying.copy_file(engine, part)
            else:
                done = copying.copy(engine, SqliteEngine(part))
                _close_file(part)
            _keep(part, file)
        finally:
            for left in (part, *(part.with_name(part.name + end) for end in ("-wal", "-shm", "-journal"))):
                left.unlink(missing_ok=True)
        return _said(f"wrote {file}", done)

    return _with_settings(options, work)


def restore(file: Path, /, *, replace: Flag = False, links_off: Flag = False, options: Options = PLAIN) -> int:
    """Bring a backup back into the database of the settings, SQLite or PostgreSQL. All daemons on that database must be stopped.

    What waited to be sent when the backup was made is sent when a daemon starts, also where it was sent since: see --links-off.

    Parameters
    ----------
    file
        What `heliograph backup` wrote, by this release or an earlier one.
    replace
        Delete what is in the database first. Without it, a database that is not empty is refused.
    links_off
        Switch all links off, so that nothing is sent until `heliograph link start`.
    """

    def work(config: Config) -> Answer:
        if not file.exists():
            raise Refusal(f"there is no file {file}")
        if config.sqlite_path is not None:
            config.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
        target = engine_for(config)
        _refuse_while_serving(target)
        return _said(f"restored {file}", copying.copy(SqliteEngine(file), target, replace=replace))

    code = _with_settings(options, work)
    return code if code != DONE else _let_go(options, links_off=links_off)


def copy(
    *,
    from_: Annotated[str, Parameter(name="--from")],
    to: str,
    replace: Flag = False,
    json: Flag = False,
) -> int:
    """Copy the whole installation from one database to another, for example from SQLite to PostgreSQL. All daemons must be stopped.

    Parameters
    ----------
    from_
        The database to read: the path of an SQLite file, or postgresql://USER@HOST/DATABASE (its password: PGPASSWORD or ~/.pgpass).
    to
        The database to write, in the same form. It must be empty.
    replace
        Delete what is in it first.
    json
        Answer in JSON.
    """

    def work() -> Answer:
        source, target = engine_of(from_), engine_of(to)
        if isinstance(target, SqliteEngine):
            target.path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(source, SqliteEngine) and not source.path.exists():
            raise Refusal(f"there is no database at {source.path}")
        for each in (source, target):
            _refuse_while_serving(each)
        return _said(f"copied {without_password(from_)} to {without_password(to)}", copying.copy(source, target, replace=replace))

    return _guarded(work, lambda error: without_password(" ".join(str(error).split())), as_json=json)


def _with_settings(options: Options, work: Callable[[Config], Answer]) -> int:
    config = settings(options.config)
    if config is None:
        return WRONG_USAGE
    return _guarded(lambda: work(config), lambda error: unreachable(config, error), as_json=options.json)


def _guarded(work: Callable[[], Answer], explain: Callable[[Exception], str], *, as_json: bool) -> int:
    before = os.umask(0o077)
    try:
        answer = work()
    except (Refusal, CopyRefused, SchemaTooNew, EngineTooOld, OSError) as error:
        refuse(error, as_json=as_json)
        return REFUSED
    except sqlite3.DatabaseError as error:
        text = explain(error) if isinstance(error, sqlite3.OperationalError) else f"this is no database of Heliograph: {error}"
        refuse(Refusal(text), as_json=as_json)
        return REFUSED
    except (*DATABASE_ERRORS, psycopg.Error) as error:
        refuse(Refusal(explain(error)), as_json=as_json)
        return REFUSED
    finally:
        os.umask(before)
    show(answer, as_json=as_json)
    return DONE


def _let_go(options: Options, *, links_off: bool) -> int:
    """The processes of the backup run here no more: what they held is free at once, and their links with it."""

    async def work(desk: Desk) -> int:
        await housekeeping.bury_all_others(desk.core)
        for each in await link.views(desk, desk.caretaker()) if links_off else ():
            await link.switch(desk, desk.caretaker(), each.id, on=False)
        return DONE

    return at_desk(options, work)


def _refuse_while_serving(engine: Engine) -> None:
    """Raises Refusal where a daemon's heart beats on the database."""
    if schema_version(engine) and is_served(engine):
        raise Refusal("a heliograph runs on that database: stop it first")


def _close_file(path: Path) -> None:
    """One file, whole by itself, without a log beside it."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()


def _keep(part: Path, file: Path) -> None:
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _said(text: str, done: Copied) -> Said:
    rows = sum(done.rows.values())
    messages = done.rows.get("message", 0)
    counts = {"rows": rows, "messages": messages, "devices": done.rows.get("device", 0), "schema": done.version, "tables": dict(done.rows)}
    return Said(f"{text}: {rows} rows in {len(done.rows)} tables, {messages} messages among them", counts)
