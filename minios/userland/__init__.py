"""Programs. They import :mod:`minios.abi` and each other, and reach the kernel only by trapping."""
