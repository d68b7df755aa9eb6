"""curl: transfers by URL (curl 7.88)."""
