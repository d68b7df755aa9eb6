"""The network: what goes over wires, the devices between them, and the stack of a host."""
