"""The C library's place: what several programs share. Nothing here knows the kernel."""
