"""A journalled file system on a block device, after ext4: what survives a power cut, and why."""

from minios.fs.ext4.filesystem import Ext4
from minios.fs.ext4.layout import Layout

__all__ = ["Ext4", "Layout"]
