"""Hole punching: the client ``punch`` and its two servers, ``rendezvousd`` and ``stund``."""
