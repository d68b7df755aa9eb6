"""The same networks in real network namespaces and in MiniOS."""
