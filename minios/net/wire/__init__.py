"""Formats: one protocol a file, records that pack, parse and describe themselves.

A frame in flight is a tree of these records; bytes exist where somebody captures, corrupts or sends
raw packets.
"""
