"""What the base system has for the network: tables of names, and the units of its daemons.

No daemon runs until somebody has written its configuration and starts it (``systemctl start
named``) or enables it; the condition of each unit is that file.
"""

from collections.abc import Callable

NSSWITCH = b"""\
# /etc/nsswitch.conf: where names are looked for, see nsswitch.conf(5)
passwd:         files
group:          files
shadow:         files
hosts:          files dns
networks:       files
protocols:      files
services:       files
"""


def services() -> bytes:
    """/etc/services."""
    from minios.abi.inet import PROTOCOLS, SERVICES

    aliases = {"http": "www", "smtp": "mail", "submissions": "ssmtp smtps urd"}
    lines = ["# Network services, Internet style, see services(5)\n"]
    for (port, protocol), name in SERVICES.items():
        alias = aliases.get(name, "")
        where = f"{port}/{PROTOCOLS[protocol]}"
        lines.append(f"{name:<16}{where}{'' if not alias else chr(9) + chr(9) + alias}\n")
    return "".join(lines).encode()


def protocols() -> bytes:
    """/etc/protocols."""
    from minios.abi.inet import PROTOCOLS

    lines = ["# Internet (IP) protocols, see protocols(5)\n"]
    lines += [f"{name}\t{number}\t{name.upper()}\n" for number, name in PROTOCOLS.items()]
    return "".join(lines).encode()


def sshd_config() -> bytes:
    """/etc/ssh/sshd_config."""
    return b"""\
# See sshd_config(5). What is commented out is the default.

#Port 22
#ListenAddress 0.0.0.0
#LoginGraceTime 120
#PermitRootLogin prohibit-password
#MaxAuthTries 6
#PubkeyAuthentication yes
#AuthorizedKeysFile .ssh/authorized_keys
#PasswordAuthentication yes
#PermitEmptyPasswords no
#Banner none
"""


LATER: tuple[tuple[bytes, Callable[[], bytes]], ...] = (
    (b"/etc/services", services),
    (b"/etc/protocols", protocols),
    (b"/etc/ssh/sshd_config", sshd_config),
)
"""Files that are made when somebody looks at them."""


def _unit(description: str, start: str, condition: str, manual: str, reload: bool = True) -> bytes:
    again = "ExecReload=/bin/kill -HUP $MAINPID\n" if reload else ""
    return (
        f"[Unit]\nDescription={description}\nDocumentation=man:{manual}\n"
        f"After=network.target\nConditionPathExists={condition}\n\n"
        f"[Service]\nExecStart={start}\n{again}Restart=on-failure\n\n"
        "[Install]\nWantedBy=multi-user.target\n"
    ).encode()


UNITS = (
    ("named", _unit("BIND Domain Name Server", "/usr/sbin/named -f", "/etc/bind/named.conf",
                    "named(8)")),
    ("isc-dhcp-server", _unit("ISC DHCP IPv4 server", "/usr/sbin/dhcpd -f",
                              "/etc/dhcp/dhcpd.conf", "dhcpd(8)", reload=False)
        .replace(b"After=network.target", b"After=network.target networking.service")),
    ("httpd", _unit("The HTTP Server", "/usr/sbin/httpd -X", "/var/www/html", "httpd(8)")),
    ("whoisd", _unit("Whois server", "/usr/sbin/whoisd -F", "/etc/whois", "whoisd(8)")),
    ("ripd", _unit("RIP routing daemon", "/usr/sbin/ripd", "/etc/ripd.conf", "ripd(8)")),
    ("ssh", _unit("OpenBSD Secure Shell server", "/usr/sbin/sshd -D", "/etc/ssh/sshd_config",
                  "sshd(8)", reload=False)),
    ("rsyslog", _unit("System Logging Service", "/usr/sbin/rsyslogd -n", "/etc/rsyslog.conf",
                      "rsyslogd(8)")),
)  # fmt: skip
"""Names and texts; in /lib/systemd/system."""
