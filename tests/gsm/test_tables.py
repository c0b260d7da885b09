"""The national tables against two others who made them: Android, and gsmcodecs 1.0.0. heliograph.gsm.tables."""

import re

import gsmcodecs  # noqa: F401  (registers its codecs)
import pytest

from heliograph.gsm import alphabet
from heliograph.gsm.tables import LOCKING, SINGLE
from tests.gsm.material import vectors

ANDROID = vectors("national_tables")
UNDEFINED = "\ufffd"
WORDS = {"LF": "\n", "CR": "\r", "ESC": "\x1b", "SP": " ", "_": UNDEFINED}
# The ten tables with a letter before them share the rest.
BEFORE = dict(enumerate("@£$¥¿\"¤%&'\f*+\ufffd-/<=>¡^¡_#*"))
AFTER = {0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"} | {0x41 + at: chr(ord("A") + at) for at in range(26)}

# Where gsmcodecs 1.0.0 differs from Android and from sense: (language, septet) -> what it has. See tables.py.
SLIPS_LOCKING = {(language, 0x2C): "'" for language in range(4, 14)} | {(7, 0x24): "\u0caa"}
SLIPS_SINGLE = {(12, 0x65)}


def expanded(ranges: str) -> str:
    characters = ""
    for word in ranges.split():
        if word in WORDS:
            characters += WORDS[word]
        elif re.fullmatch(r"[0-9a-f]{3}", word):
            characters += chr(int(word, 16))
        elif found := re.fullmatch(r"([0-9a-f]{3})-([0-9a-f]{3})", word):
            characters += "".join(map(chr, range(int(found[1], 16), int(found[2], 16) + 1)))
        elif found := re.fullmatch(r"(.)-(.)", word):
            characters += "".join(map(chr, range(ord(found[1]), ord(found[2]) + 1)))
        else:
            assert len(word) == 1
            characters += word
    return characters


@pytest.mark.parametrize("language", range(4, 14))
def test_the_locking_tables_are_those_of_android(language: int) -> None:
    assert LOCKING[language] == expanded(ANDROID["locking"][str(language)])


@pytest.mark.parametrize("language", range(4, 14))
def test_the_single_shift_tables_are_those_of_android(language: int) -> None:
    expected = BEFORE | AFTER | dict(enumerate(expanded(ANDROID["single"][str(language)]), start=0x19))
    assert SINGLE[language] == {septet: character for septet, character in expected.items() if character != UNDEFINED}


def test_every_locking_table_has_128_characters_and_its_escape() -> None:
    assert sorted(LOCKING) == [0, 1, *range(3, 14)]
    assert sorted(SINGLE) == list(range(14))
    for table in LOCKING.values():
        assert len(table) == 128
        assert [septet for septet, character in enumerate(table) if character == "\x1b"] == [0x1B]
        assert (table[0x0A], table[0x0D], table[0x20], table[0x2C]) == ("\n", "\r", " ", ",")


@pytest.mark.parametrize("language", sorted(LOCKING))
def test_the_locking_tables_are_those_of_gsmcodecs_but_for_its_slips(language: int) -> None:
    for septet in range(128):
        if septet == alphabet.ESCAPE:
            continue
        try:
            theirs = bytes((septet,)).decode(f"gsm23.038-{language}-0")
        except UnicodeDecodeError:
            theirs = UNDEFINED
        ours = alphabet.decode(bytes((septet,)), language)
        assert theirs == SLIPS_LOCKING.get((language, septet), ours), f"0x{septet:02X}"
        if ours not in (UNDEFINED, *SLIPS_LOCKING.values()) and (language, septet) not in SLIPS_LOCKING:
            assert alphabet.encode(ours, language)[-1:] == ours.encode(f"gsm23.038-{language}-0")[-1:]


@pytest.mark.parametrize("language", sorted(SINGLE))
def test_the_single_shift_tables_are_those_of_gsmcodecs_but_for_its_slips(language: int) -> None:
    codec = f"gsm23.038-0-{language}"
    for septet, ours in SINGLE[language].items():
        escaped = bytes((alphabet.ESCAPE, septet))
        assert alphabet.decode(escaped, 0, language) == ours
        if (language, septet) in SLIPS_SINGLE:
            continue
        assert escaped.decode(codec) == ours, f"0x{septet:02X}"
        assert alphabet.encode(ours, 0, language) == ours.encode(codec)
