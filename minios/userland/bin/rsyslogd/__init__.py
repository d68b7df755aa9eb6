"""rsyslogd: the journal in text files, to and from other machines (rsyslog 8; RFC 3164)."""
