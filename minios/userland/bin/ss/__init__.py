"""ss: sockets, who has them, and what they do (iproute2 6.1)."""
