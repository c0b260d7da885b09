"""ICCIDs: 18 or 19 digits and one Luhn digit (ITU-T E.118 4). They are kept without it, as emnify shows them."""

from heliograph.model.problem import Code, Problem


def luhn_digit(digits: str) -> str:
    """The digit that makes `digits` pass the Luhn check (ISO/IEC 7812-1 Annex B)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - position % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def without_luhn(text: str) -> str:
    """The ICCID as it is kept, of one as people write it. Raises Problem where it is none."""
    digits = text.replace(" ", "").replace("-", "")
    if not digits.isascii() or not digits.isdigit() or not 18 <= len(digits) <= 20:
        raise Problem(Code.INVALID_FORMAT, f"iccid '{text}' is not 18 to 20 digits: write it as it is printed on the card", field="iccid")
    if len(digits) < 20:
        return digits
    if luhn_digit(digits[:-1]) != digits[-1]:
        raise Problem(
            Code.INVALID_FORMAT, f"the last digit of iccid '{text}' is not its Luhn digit: correct it, or leave it out", field="iccid"
        )
    return digits[:-1]
