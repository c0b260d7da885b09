"""QR codes: what a scanner needs, and nothing that the policy of a page refuses."""

import re

import segno

from heliograph.web.portal import qr

URI = "otpauth://totp/Heliograph:anna%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Heliograph&algorithm=SHA1&digits=6&period=30"


def test_a_code_is_one_path_with_white_around_it_and_no_style_of_its_own() -> None:
    drawn = qr.svg(URI)
    size = segno.make_qr(URI, error="m").symbol_size(border=qr.QUIET_MODULES)[0]
    assert f'viewBox="0 0 {size} {size}"' in drawn
    assert set(re.findall(r"<(\w+)", drawn)) == {"svg", "path"}
    assert "style" not in drawn


def test_the_path_draws_the_modules_of_the_symbol() -> None:
    dark: set[tuple[int, int]] = set()
    x = y = 0.0
    (path,) = re.findall(r' d="([^"]+)"', qr.svg(URI))
    for letter, first, second in re.findall(r"([Mmh])(-?[\d.]+)[ ,]?(-?[\d.]+)?", path):
        if letter == "h":
            dark |= {(int(x) + step, int(y)) for step in range(int(first))}
            x += float(first)
        else:
            x, y = (float(first), float(second)) if letter == "M" else (x + float(first), y + float(second))
    wanted = segno.make_qr(URI, error="m").matrix
    assert dark == {(column + 4, row + 4) for row, line in enumerate(wanted) for column, is_dark in enumerate(line) if is_dark}
