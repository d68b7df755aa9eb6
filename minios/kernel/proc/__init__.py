"""The texts of /proc, a file a subject; :mod:`.table` says which file shows which."""
