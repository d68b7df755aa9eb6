"""The root's name servers, for a resolver that was told of no others (root.hints)."""

from minios.abi.inet import parse_ip
from minios.net.wire.dns import Name

ROOTS: list[tuple[Name, int]] = [
    ((letter.encode(), b"root-servers", b"net"), parse_ip(address))
    for letter, address in (
        ("a", "198.41.0.4"), ("b", "170.247.170.2"), ("c", "192.33.4.12"), ("d", "199.7.91.13"),
        ("e", "192.203.230.10"), ("f", "192.5.5.241"), ("g", "192.112.36.4"),
        ("h", "198.97.190.53"), ("i", "192.36.148.17"), ("j", "192.58.128.30"),
        ("k", "193.0.14.129"), ("l", "199.7.83.42"), ("m", "202.12.27.33"),
    )
]  # fmt: skip
