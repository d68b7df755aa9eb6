"""Device numbers as glibc packs them (makedev(3))."""


def major(device: int) -> int:
    return device >> 8 & 0xFFF | device >> 32 & ~0xFFF


def minor(device: int) -> int:
    return device & 0xFF | device >> 12 & ~0xFF & 0xFFFFFFFF
