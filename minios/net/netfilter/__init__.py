"""Netfilter: connection tracking, network address translation and packet filter of a stack.

:class:`~minios.net.netfilter.netfilter.Netfilter` has the five hooks that a stack calls. Conntrack
knows nothing of rules, and rules know nothing of the wire: a file a concept.
"""
