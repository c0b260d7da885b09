"""TP-ST and TP-FCS in words: heliograph.gsm.status."""

import pytest

from heliograph.gsm import status
from heliograph.gsm.errors import TpduError
from heliograph.gsm.status import TP_FCS, StatusKind


@pytest.mark.parametrize(
    ("first", "last", "kind"),
    [
        (0x00, 0x01, StatusKind.DELIVERED),
        (0x02, 0x02, StatusKind.REPLACED),
        (0x03, 0x0F, StatusKind.FAILED),
        (0x10, 0x1F, StatusKind.DELIVERED),
        (0x20, 0x25, StatusKind.TRYING),
        (0x26, 0x2F, StatusKind.FAILED),
        (0x30, 0x3F, StatusKind.TRYING),
        (0x40, 0x45, StatusKind.FAILED),
        (0x46, 0x46, StatusKind.EXPIRED),
        (0x47, 0x48, StatusKind.DELETED),
        (0x49, 0xFF, StatusKind.FAILED),
    ],
)
def test_every_status_is_of_the_kind_its_range_says(first: int, last: int, kind: StatusKind) -> None:
    for tp_st in range(first, last + 1):
        read = status.status(tp_st)
        assert (read.tp_st, read.kind) == (tp_st, kind)
        assert read.words


def test_only_a_status_that_is_still_trying_is_not_final() -> None:
    assert [tp_st for tp_st in range(0x100) if not status.status(tp_st).is_final] == [*range(0x20, 0x26), *range(0x30, 0x40)]


def test_a_reserved_status_is_service_rejected() -> None:
    for tp_st in (0x03, 0x2F, 0x4A, 0x66, 0x80, 0x90, 0xFF):
        assert status.status(tp_st).words == "service rejected, reserved status"


def test_every_failure_cause_has_words() -> None:
    assert status.failure_words(0xD3) == "device memory full"
    assert status.failure_words(0xE1) == "refused by the application, its own reason 0xE1"
    assert status.failure_words(0x00) == "refused, reserved reason 0x00"
    assert status.failure_words(0xFF) == "refused, no reason given"
    assert len(set(TP_FCS.values())) == len(TP_FCS)


@pytest.mark.parametrize("nonsense", [-1, 256])
def test_what_is_no_octet_has_no_meaning(nonsense: int) -> None:
    with pytest.raises(TpduError, match=r"a TP-ST is one octet"):
        status.status(nonsense)
    with pytest.raises(TpduError, match=r"a TP-FCS is one octet"):
        status.failure_words(nonsense)
