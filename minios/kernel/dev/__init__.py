"""Devices: terminals, disks past their file systems, the printer, and the nodes in /dev."""
