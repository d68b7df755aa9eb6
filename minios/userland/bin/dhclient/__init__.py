"""dhclient: the DHCP client (RFC 2131; ISC dhclient 4.4)."""
