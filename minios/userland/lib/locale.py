"""What the environment says about characters (locale(7)): only whether they are UTF-8."""

from collections.abc import Mapping


def is_utf8(env: Mapping[bytes, bytes]) -> bool:
    """Whether LC_ALL, LC_CTYPE or LANG (the first that is set) names a UTF-8 locale."""
    for name in (b"LC_ALL", b"LC_CTYPE", b"LANG"):
        value = env.get(name)
        if value:
            charset = value.partition(b".")[2].partition(b"@")[0]
            return charset.lower().replace(b"-", b"") == b"utf8"
    return False
