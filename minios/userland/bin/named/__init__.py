"""named: authoritative zones and recursive resolution (RFC 1034, RFC 2308, RFC 6891)."""
