"""systemctl (systemd 252): asks init for what it is to do, and shows what it has done."""
