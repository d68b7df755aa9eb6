"""nmap: which hosts are up, and which of their ports are open, in the words of Nmap 7.93."""
