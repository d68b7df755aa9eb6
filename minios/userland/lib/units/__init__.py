"""Unit files of systemd: what they say, where they lie, and the times in them (systemd.unit(5))."""
