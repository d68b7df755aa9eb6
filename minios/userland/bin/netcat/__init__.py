"""nc: what is typed goes to a socket, and what comes from it is shown (OpenBSD netcat 1.219)."""
