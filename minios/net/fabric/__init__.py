"""Cables and what is between them: ports, links, hubs, switches, spanning tree."""
