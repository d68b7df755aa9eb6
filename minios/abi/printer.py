"""The ioctl requests of /dev/lp0 and the bits of its status (lp(4), linux/lp.h)."""

LPABORT = 0x0604
LPGETSTATUS = 0x060B
LPRESET = 0x060C

LP_PERRORP = 0x08
"""Clear: error."""
LP_PSELECD = 0x10
"""On-line."""
LP_POUTPA = 0x20
"""Out of paper."""
LP_PACK = 0x40
LP_PBUSY = 0x80
"""Set: it takes characters."""
