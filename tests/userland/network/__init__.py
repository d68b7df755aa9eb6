"""Programs that configure the network, against what Debian's printed."""
