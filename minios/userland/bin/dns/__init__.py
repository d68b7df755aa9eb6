"""Asking name servers: dig, host and nslookup (BIND 9.18)."""
