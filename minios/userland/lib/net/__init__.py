"""The network half of the C library.

``gai`` has getaddrinfo and getnameinfo (numeric addresses never load anything of DNS), ``services``
/etc/services, ``stream`` buffered reading and writing of sockets with deadlines, ``resolver`` the
stub resolver, ``daemon`` what servers share.
"""
