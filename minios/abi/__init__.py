"""What programs and the kernel share: numbers, flags, records and the trap itself.

Programs import nothing else of MiniOS; the kernel never imports a program.
"""
