"""How commands are run and skipped: flags and states that the evaluator's parts share."""

# How a node is run.
EXIT = 1
"""Nothing comes after it in this process: the shell exits, and may exec without forking."""
TESTED = 2
"""Its status is tested, so ``set -e`` does not apply."""

# Why commands are being skipped.
BREAK, CONTINUE, RETURN = 1, 2, 3
