"""What iptables, iptables-save and iptables-restore share: rules as text, and text as rules.

Matches and targets are extensions, a family a file, each with its options, checks and wording
(iptables-extensions(8), iptables 1.8.9 with nf_tables).
"""
