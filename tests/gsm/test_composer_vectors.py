"""The texts that hold the portal's meter (JavaScript, tests/browser) to what is sent: the same file, read by both."""

import json
from pathlib import Path
from typing import Any

import pytest

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import segment
from heliograph.gsm.dcs import Alphabet

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "composer.json").read_text(encoding="utf-8"))["texts"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: ascii(vector["text"][:20]))
def test_a_text_comes_to_so_many_units_and_parts(vector: dict[str, Any]) -> None:
    text = vector["text"]
    alphabet = Alphabet.GSM7 if gsm7.fits(text) else Alphabet.UCS2
    units = gsm7.septet_count(text) if alphabet is Alphabet.GSM7 else len(text.encode("utf-16-be")) // 2
    parts = segment.count(text, alphabet) if text else 0
    odd = list(dict.fromkeys(each for each in text if not gsm7.fits(each)))
    shown = {Alphabet.GSM7: "GSM-7", Alphabet.UCS2: "UCS-2"}[alphabet]
    assert (shown, units, parts, odd) == (vector["alphabet"], vector["units"], vector["parts"], vector["odd"])
