"""whois and its server (RFC 3912), with objects in the language of RIPE's database (RFC 2622)."""
