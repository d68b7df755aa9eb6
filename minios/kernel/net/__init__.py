"""A kernel's side of its network stack: how programs configure and watch it."""
