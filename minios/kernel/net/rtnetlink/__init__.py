"""rtnetlink: devices, addresses, routes and neighbours by messages, a file each (rtnetlink(7)).

Each subject has ``new``, ``delete`` and ``get``; what they return are packed answers.
"""
