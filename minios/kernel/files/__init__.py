"""What programs do with files: open files, pipes, locks, watches, mounts and made-up files."""
