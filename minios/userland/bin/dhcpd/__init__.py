"""dhcpd: the DHCP server (RFC 2131; after ISC's)."""
