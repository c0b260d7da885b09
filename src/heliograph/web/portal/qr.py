"""A text as a QR code, drawn as SVG: what a phone reads from a screen."""

import segno

QUIET_MODULES = 4
"""Of white around it, without which scanners do not find it (ISO/IEC 18004 9.1)."""


def svg(text: str) -> str:
    """An element `svg` for a page: black on the ground that the stylesheet gives it, as large as its place. `text`: what a code holds,
    2331 octets at most."""
    return segno.make_qr(text, error="m").svg_inline(border=QUIET_MODULES, omitsize=True, svgclass=None, lineclass=None)
