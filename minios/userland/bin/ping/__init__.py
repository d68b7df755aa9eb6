"""ping(8), in the words of iputils 20221126."""
