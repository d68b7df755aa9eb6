"""The heap of the C library: its policies, its bookkeeping, and malloc itself."""
