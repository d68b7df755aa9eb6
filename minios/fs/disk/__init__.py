"""Block disks: what a drive takes its time for, the queue in front of it, who is served next."""

from minios.fs.disk.disk import Disk
from minios.fs.disk.drive import Hdd, Ssd, hdd
from minios.fs.disk.elevator import ELEVATORS
from minios.fs.disk.request import SECTOR, Request

__all__ = ["ELEVATORS", "SECTOR", "Disk", "Hdd", "Request", "Ssd", "hdd"]
