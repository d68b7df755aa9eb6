"""Virtual memory: address spaces, faults, swap, and what happens when RAM runs out."""
