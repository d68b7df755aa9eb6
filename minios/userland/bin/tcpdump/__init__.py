"""tcpdump(8), after version 4.99: its options, its filters and its words."""
