"""Tests of a host's stack: neighbours, routes, forwarding, fragments, ICMP, bridges."""
