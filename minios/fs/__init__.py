"""Files at rest: inodes, directories, mounts, path walks and permissions. Nothing here blocks."""
