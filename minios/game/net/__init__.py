"""The network of a level: its format, how it is built, and what the pane sees of it."""
