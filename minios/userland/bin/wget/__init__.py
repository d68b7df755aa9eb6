"""wget: files by URL, with patience (GNU Wget 1.21.3)."""
