"""Many machines on one world (benchmarks/thousand.py has a thousand)."""

from benchmarks.thousand import run


def test_sixty_machines_on_two_lans_boot_and_ping_their_gateways():
    run(60)
