"""Fractions with a fixed number of digits, as printf's %.2f writes them, without floats."""


def fixed(numerator: int, denominator: int, digits: int = 2, width: int = 0) -> bytes:
    """``numerator / denominator``, rounded half up; 0 if there is nothing to divide by."""
    if denominator <= 0:
        numerator, denominator = 0, 1
    scale = 10**digits
    sign = b"-" if numerator < 0 else b""
    value = (abs(numerator) * scale * 2 + denominator) // (denominator * 2)
    whole, rest = divmod(value, scale)
    text = sign + (b"%d.%0*d" % (whole, digits, rest) if digits else b"%d" % whole)
    return text.rjust(width)
