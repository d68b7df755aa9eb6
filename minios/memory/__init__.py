"""Memory as hardware and algorithms, without a kernel: frames, page tables, replacement."""
