"""What-if experiments on the game's own schedulers, replacement policies and heap.

Each engine is a pure function from a frozen description to a frozen result; ``minios lab`` reads
the one from options and prints the other as text or JSON.
"""
