"""Watching a process: ptrace(2), seccomp(2) and the probes of libraries."""
