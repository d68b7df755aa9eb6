"""A client's message and how it came."""

from __future__ import annotations

from dataclasses import dataclass

from minios.abi.inet import mac_text
from minios.net.wire.dhcp import CLIENT_ID, HOST_NAME, Message
from minios.userland.bin.dhcpd.config import Subnet
from minios.userland.lib.net.rawudp import RawUdp


@dataclass(slots=True)
class Interface:
    """A network the server is on."""

    name: bytes
    ip: int
    raw: RawUdp


@dataclass(slots=True)
class Context:
    """A message and how it came."""

    message: Message
    interface: Interface
    subnet: Subnet
    via: str
    source: int

    @property
    def client(self) -> str:
        return mac_text(self.message.chaddr)

    @property
    def client_id(self) -> bytes:
        return self.message.options.get(CLIENT_ID, b"")[:64]

    @property
    def hostname(self) -> str:
        name = self.message.options.get(HOST_NAME, b"")[:63].decode("latin-1")
        return "".join(char if char.isprintable() else "?" for char in name)
