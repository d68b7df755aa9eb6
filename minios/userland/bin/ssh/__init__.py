"""ssh(1), scp(1), ssh-keygen(1)."""
