"""init: process 1. Adopts orphans, keeps what /etc/inittab lists running, and supervises services.

``main`` is its loop, ``manager`` knows the units and their jobs, ``service`` is what becomes of one
service, ``journald`` writes down what services say, ``control`` listens to systemctl.
"""
