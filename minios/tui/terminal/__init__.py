"""The terminal pane: what a tty's bytes look like, and which bytes a key is."""
