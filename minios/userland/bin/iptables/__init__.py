"""iptables, iptables-save and iptables-restore."""
