"""Keys in a run of bytes, as a terminal sends them."""

SEQUENCE_MAX = 32
"""Bytes of an escape sequence; a longer one is none."""


def split_keys(data: bytes) -> list[bytes]:
    """The keys in a run of bytes: UTF-8 characters and CSI or SS3 sequences stay whole."""
    keys: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 1
        lead = data[at]
        if lead == 0x1B and data[at + 1 : at + 2] == b"[":
            end = at + 2
            most = min(len(data), at + SEQUENCE_MAX)
            while end < most and not 0x40 <= data[end] <= 0x7E:
                end += 1
            end += 1
        elif lead == 0x1B and data[at + 1 : at + 2] == b"O":
            end = at + 3
        elif lead >= 0xC0:
            most = at + (2 if lead < 0xE0 else 3 if lead < 0xF0 else 4)
            while end < min(most, len(data)) and 0x80 <= data[end] < 0xC0:
                end += 1
        keys.append(data[at:end])
        at = end
    return keys
