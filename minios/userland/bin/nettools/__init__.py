"""net-tools 2.10: ifconfig, route, arp and netstat."""
