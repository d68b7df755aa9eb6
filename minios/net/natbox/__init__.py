"""The NAT device: a home router whose translation behaves as RFC 4787 classifies it.

It is a stack with two interfaces like any host's, so ARP, routing, TTL, fragments and ICMP errors
are the ordinary ones; only the five hooks are its own (:mod:`~minios.net.natbox.translator`).
"""

from minios.net.natbox.box import NatBox
from minios.net.natbox.spec import NatSpec

__all__ = ["NatBox", "NatSpec"]
