"""Where MiniOS keeps what it remembers: ``$MINIOS_DATA_DIR``, or the platform's own place."""

import os
from pathlib import Path


def data_dir() -> Path:
    """The directory, made if need be. OSError when it cannot be."""
    chosen = os.environ.get("MINIOS_DATA_DIR")
    if chosen:
        path = Path(chosen)
    else:
        import platformdirs

        path = Path(platformdirs.user_data_dir("minios", appauthor=False))
    path.mkdir(parents=True, exist_ok=True)
    return path


def runs_dir() -> Path:
    """Where runs are recorded. OSError when it cannot be made."""
    path = data_dir() / "runs"
    path.mkdir(exist_ok=True)
    return path
