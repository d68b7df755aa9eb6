"""sshd(8): sessions for who comes over the network."""
