"""Block disks: what a drive takes its time for, the queue in front of it, who is served next."""

from minios.fs.disk.disk import Disk
from minios.fs.disk.drive import DriveSpec, Hdd, Ssd, hdd
from minios.fs.disk.elevator import ELEVATORS
from minios.fs.disk.request import SECTOR, Request

__all__ = ["ELEVATORS", "SECTOR", "Disk", "DriveSpec", "Hdd", "Request", "Ssd", "hdd"]
