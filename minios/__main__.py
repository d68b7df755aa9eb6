"""``python -m minios`` is ``minios``."""

import sys

from minios.cli.main import main

sys.exit(main())
