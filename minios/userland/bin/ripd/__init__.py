"""ripd: RIP version 2 between routers (RFC 2453)."""
