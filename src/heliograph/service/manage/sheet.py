"""Devices as CSV: the columns, a text read into rows to enrol, a device written as a row. Numbers are judged by `enrol`, not here."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.model.device import DeviceStatus
from heliograph.model.problem import Code, Problem
from heliograph.service.manage.enrol import Row
from heliograph.service.manage.sim import NewSim
from heliograph.store.device import DeviceView

COLUMNS: Final = ("name", "iccid", "msisdn", "imsi", "aliases", "imei", "tags", "policy", "status", "number_space")
STATUSES: Final = {"": DeviceStatus.ENABLED, "enabled": DeviceStatus.ENABLED, "disabled": DeviceStatus.DISABLED}
SEPARATORS: Final = ",;\t"
_FORMULA: Final = tuple("=+-@\t\r")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a text holds, by the number of its line."""

    rows: Mapping[int, Row]
    bad: Mapping[int, str]


def read(content: bytes, policy: str | None) -> Sheet:
    """The rows of a file; `policy` is that of rows that name none. Raises Problem where it is no such file."""
    text = _text(content)
    reader = csv.reader(io.StringIO(text), delimiter=_separator(text), strict=True)
    rows: dict[int, Row] = {}
    bad: dict[int, str] = {}
    columns: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _columns(cells)
            elif len(cells) > len(columns):
                bad[reader.line_num] = f"{len(cells)} cells under {len(columns)} columns: a cell that holds the separator needs quotes"
            else:
                _take(rows, bad, reader.line_num, dict(zip(columns, (cell.strip() for cell in cells), strict=False)), policy)
    except csv.Error as error:
        raise _unfit(f"line {reader.line_num}: {error}") from None
    if not columns:
        raise _unfit(f"it is empty: its first line names the columns, of {', '.join(COLUMNS)}")
    return Sheet(rows, bad)


def row_of(view: DeviceView, aliases: Sequence[str]) -> list[str]:
    """A device as `read` takes it. A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    cells = (
        view.name,
        view.iccid,
        view.msisdn,
        view.imsi,
        " ".join(aliases),
        view.imei,
        view.tags,
        view.service_profile_name,
        DeviceStatus(view.status_id).name.lower(),
        view.number_space,
    )
    return [harmless(cell or "") for cell in cells]


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _take(rows: dict[int, Row], bad: dict[int, str], line: int, cells: Mapping[str, str], policy: str | None) -> None:
    status = STATUSES.get(cells.get("status", "").lower())
    if not cells.get("iccid"):
        bad[line] = "iccid is missing: every device comes with its SIM"
    elif status is None:
        bad[line] = f"status '{cells['status']}': it is enabled or disabled"
    else:
        rows[line] = _row(cells, status, policy)


def _row(cells: Mapping[str, str], status: DeviceStatus, policy: str | None) -> Row:
    def cell(name: str) -> str | None:
        text = cells.get(name) or None
        return text[1:] if text and text.startswith("'") and text[1:].startswith(_FORMULA) else text

    return Row(
        name=cell("name") or cells["iccid"],
        sim=NewSim(
            iccid=cells["iccid"],
            imsi=cell("imsi"),
            msisdn=cell("msisdn"),
            aliases=tuple((cell("aliases") or "").replace(";", " ").split()),
            number_space=cells.get("number_space", ""),
        ),
        tags=cell("tags"),
        imei=cell("imei"),
        policy=cell("policy") or policy,
        status=status,
    )


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unfit("it is not UTF-8: save it as CSV in UTF-8") from None
    if "\0" in text:
        raise _unfit("it holds the character NUL: save it as CSV in UTF-8")
    return text


def _separator(text: str) -> str:
    head = text.lstrip().partition("\n")[0]
    return max(SEPARATORS, key=head.count)


def _columns(cells: Sequence[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    unknown = [column for column in columns if column not in COLUMNS]
    if unknown:
        raise _unfit(f"there is no column '{unknown[0]}': the first line names columns of {', '.join(COLUMNS)}")
    if "iccid" not in columns or len(set(columns)) != len(columns):
        raise _unfit("the first line names each column once, and iccid among them")
    return columns


def _unfit(text: str) -> Problem:
    return Problem(Code.INVALID_FORMAT, text, field="file")
