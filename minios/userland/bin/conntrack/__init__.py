"""conntrack: list, watch and delete tracked connections (conntrack(8), conntrack-tools 1.4.7)."""
