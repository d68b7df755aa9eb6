"""The error every parser of a wire format raises, and the only one."""


class Malformed(ValueError):
    """Bytes that are no valid message; the text says what is wrong with them."""
