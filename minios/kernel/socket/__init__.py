"""Sockets (socket(7)): the calls, what all families share, and one file a family.

A family is an entry of :data:`minios.kernel.socket.calls.FAMILIES`: a function that makes a
:class:`minios.kernel.socket.sock.Sock` of it.
"""
