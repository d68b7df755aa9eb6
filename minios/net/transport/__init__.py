"""Datagram endpoints, packet sockets, and the ports that all transports share."""
