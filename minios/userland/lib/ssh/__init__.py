"""SSH between machines of a world: the connection, keys and known hosts."""
