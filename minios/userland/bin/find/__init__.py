"""find(1): ``parser`` reads the expression, ``tests`` and ``actions`` are its parts."""
