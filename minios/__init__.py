"""MiniOS: a small operating system and a small internet, simulated deterministically and played."""

__version__ = "0.1.0"
