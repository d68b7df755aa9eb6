"""UDP hole punching (RFC 5128 3.3): the algorithm, the rendezvous server and NAT discovery.

Nothing here waits or sends by itself: each part is told the time and what came in, and says what
to send and when it wants to be asked again. The programs ``punch``, ``rendezvousd`` and ``stund``
drive them with sockets, ``minios lab nat`` with bare stacks.
"""
