"""Changing accounts and groups."""
