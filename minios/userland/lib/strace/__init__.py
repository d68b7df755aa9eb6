"""System calls as text: the decoding of strace(1), for it and for whoever shows a call."""
