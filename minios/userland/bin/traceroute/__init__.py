"""traceroute: the routers on the way to a host (Dmitry Butskoy's traceroute 2.1.2)."""
