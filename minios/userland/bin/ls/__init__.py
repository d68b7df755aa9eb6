"""ls, dir and vdir: options in ``main``, files in ``entry``, colours and columns beside them."""
