"""httpd: a web server for files and CGI scripts (RFC 9110, RFC 9112, RFC 3875)."""
