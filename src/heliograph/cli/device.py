"""`heliograph device`: import from CSV, export, list, show."""

import csv
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from heliograph.cli.answer import DONE, REFUSED, Answer, Item, Refusal, Said, Table, refuse, show, time_of
from heliograph.cli.desk import ANY, Desk, OrganisationOptions, at_desk
from heliograph.model.account import Actor
from heliograph.model.device import DeviceStatus, SimStatus
from heliograph.model.ids import DeviceId, SimId
from heliograph.model.problem import Problem
from heliograph.service.manage import device, sheet, sim
from heliograph.service.manage.enrol import enrol
from heliograph.store.device import DeviceView
from heliograph.store.listing import Order, containing

app = App(name="device")
PAGE = 1000
Flag = Annotated[bool, Parameter(negative="")]


@app.command(name="import")
def import_(
    file: Path,
    /,
    *,
    dry_run: Flag = False,
    skip_bad: Flag = False,
    policy: str | None = None,
    options: OrganisationOptions = ANY,
) -> int:
    """Make a device with its SIM of each row of a CSV file: all of them, or none where a row is bad.

    The first line names the columns: iccid (needed), name, msisdn, imsi, aliases, imei, tags, policy, status (enabled, disabled),
    number_space (of the links that reach it).

    Parameters
    ----------
    file
        The file, UTF-8, separated by commas, semicolons or tabs, of at most 10,000 rows; - is standard input.
    dry_run
        Only say what would be made and which rows are bad.
    skip_bad
        Make the devices of the good rows.
    policy
        The service policy, by name or id, of rows that name none. Where the organisation has only one, it is that one.
    """

    async def work(desk: Desk) -> Answer | int:
        found = _read(file, policy)
        if found.bad and not (dry_run or skip_bad):
            return _refused(found.bad, len(found.rows) + len(found.bad), as_json=options.json)
        lines = list(found.rows)
        done = await enrol(desk, await desk.operator(), list(found.rows.values()), dry_run=dry_run, skip_refused=skip_bad)
        bad = dict(found.bad) | {lines[place]: _why(problem) for place, problem in done.refused.items()}
        if dry_run or (bad and not skip_bad):
            return _tried(len(done.made), bad, len(found.rows) + len(found.bad), as_json=options.json, dry_run=dry_run)
        _list_bad(bad, as_json=options.json)
        fields = {"made": len(done.made), "bad": _bad_rows(bad)}
        return Said(f"made {len(done.made)} devices" + (f", skipped {len(bad)} bad rows" if bad else ""), fields)

    return at_desk(options, work)


@app.command
def export(file: Path | None = None, /, *, options: OrganisationOptions = ANY) -> int:
    """Write all devices as CSV, in the form that `device import` reads.

    Parameters
    ----------
    file
        Where to; standard output where none is given.
    """

    async def work(desk: Desk) -> Answer | int:
        actor, count, number = await desk.viewer(), 0, 1
        with ExitStack() as stack:
            out = sys.stdout if file is None else stack.enter_context(file.open("w", encoding="utf-8", newline=""))
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(sheet.COLUMNS)
            while True:
                page = await device.page(desk, actor, {}, (Order("id"),), number, PAGE)
                for each in page.items:
                    writer.writerow(sheet.row_of(each, await _aliases(desk, actor, each)))
                count += len(page.items)
                if number >= page.pages:
                    break
                number += 1
        return DONE if file is None else Said(f"wrote {count} devices to {file}", {"devices": count, "file": str(file)})

    return at_desk(options, work)


@app.command(name="list")
def list_(
    *,
    name: str | None = None,
    tag: str | None = None,
    msisdn: str | None = None,
    most: int = 100,
    options: OrganisationOptions = ANY,
) -> int:
    """List devices, by id.

    Parameters
    ----------
    name
        Only those whose name contains this.
    tag
        Only those whose tags contain this.
    msisdn
        Only those whose number contains this.
    most
        How many at most.
    """

    async def work(desk: Desk) -> Answer:
        given = {"name": name, "tags": tag, "msisdn": msisdn}
        filters = {field: containing(text) for field, text in given.items() if text is not None}
        page = await device.page(desk, await desk.viewer(), filters, (Order("id"),), 1, max(1, most))
        if page.total > len(page.items):
            print(f"{len(page.items)} of {page.total}: --most shows more", file=sys.stderr)
        columns = ("id", "name", "status", "msisdn", "iccid", "sim_status", "policy", "tags")
        return Table([_row(each) for each in page.items], columns, "no device: `heliograph device import FILE.csv` makes some")

    return at_desk(options, work)


@app.command(name="show")
def show_(device_id: Annotated[int, Parameter(name="ID")], /, *, options: OrganisationOptions = ANY) -> int:
    """Show a device and its SIM.

    Parameters
    ----------
    device_id
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        actor = await desk.viewer()
        found = await device.view(desk, actor, DeviceId(device_id))
        times = {"created": time_of(found.created_at_ms), "last_updated": time_of(found.last_updated_at_ms)}
        return Item(_row(found) | {"aliases": await _aliases(desk, actor, found)} | times)

    return at_desk(options, work)


async def _aliases(desk: Desk, actor: Actor, view: DeviceView) -> Sequence[str]:
    return () if view.sim_id is None else (await sim.view(desk, actor, SimId(view.sim_id)))[1]


def _row(view: DeviceView) -> dict[str, Any]:
    return {
        "id": view.id,
        "organisation_id": view.organisation_id,
        "name": view.name,
        "status": DeviceStatus(view.status_id).name.lower(),
        "msisdn": view.msisdn,
        "iccid": view.iccid,
        "imsi": view.imsi,
        "number_space": view.number_space,
        "sim_status": None if view.sim_status_id is None else SimStatus(view.sim_status_id).name.lower(),
        "imei": view.imei,
        "tags": view.tags,
        "policy_id": view.service_profile_id,
        "policy": view.service_profile_name,
    }


def _why(problem: Problem) -> str:
    return "; ".join(part.text for part in problem.parts) or problem.text


def _refused(bad: Mapping[int, str], total: int, *, as_json: bool) -> int:
    return _tried(0, bad, total, as_json=as_json, dry_run=False)


def _tried(good: int, bad: Mapping[int, str], total: int, *, as_json: bool, dry_run: bool) -> int:
    """Nothing was made: say why, and what would have been."""
    _list_bad(bad, as_json=as_json)
    if dry_run:
        text = f"nothing was made (--dry-run); of {total} rows {len(bad)} are bad"
        show(Said(text, {"made": 0, "would_make": good, "bad": _bad_rows(bad)}), as_json=as_json)
    else:
        refuse(
            Refusal(f"nothing was made: {len(bad)} of {total} rows are bad; correct them, or leave them out with --skip-bad"),
            as_json=as_json,
        )
    return REFUSED if bad else DONE


def _list_bad(bad: Mapping[int, str], *, as_json: bool) -> None:
    if not as_json:
        for line in sorted(bad):
            print(f"line {line}: {bad[line]}", file=sys.stderr)


def _bad_rows(bad: Mapping[int, str]) -> list[dict[str, Any]]:
    return [{"line": line, "message": bad[line]} for line in sorted(bad)]


def _read(file: Path, policy: str | None) -> sheet.Sheet:
    try:
        return sheet.read(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes(), policy)
    except OSError as error:
        raise Refusal(f"{file} cannot be read: {error.strerror}") from error
    except Problem as problem:
        raise Refusal(f"{file}: {problem.text}") from None
