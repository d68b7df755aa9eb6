"""ip (iproute2 6.1): devices, addresses, routes, neighbours and rules; an object a file."""
