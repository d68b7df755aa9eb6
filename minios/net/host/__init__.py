"""The stack of a host: devices, neighbours, routes, and the way of a packet through them."""
