"""TCP (RFC 9293): connections, listeners, and the protocol of a host.

``tcb`` is the state of a connection; ``input``, ``ack``, ``receive`` take segments in, ``output``
sends, ``timers`` wait, ``recovery`` and ``congestion`` decide what is lost and how fast to go.
``connection`` and ``listener`` are what sockets are made of, ``protocol`` holds it all together.
"""

from minios.net.tcp.connection import Connection
from minios.net.tcp.listener import Listener
from minios.net.tcp.protocol import Tcp
from minios.net.tcp.state import TcpState

__all__ = ["Connection", "Listener", "Tcp", "TcpState"]
