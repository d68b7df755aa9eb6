"""Record what Debian's tools print when they ask MiniOS's servers on this machine.

``python -m tests.userland.netservices.record`` writes recorded.json beside this file. Needs
bind9-dnsutils, bind9-host, curl, wget and whois.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from shlex import split

from tests.userland.netservices.servers import REGISTRY, SERVERS, dns_files, masked, site_files

FOLDER = "/tmp/minios-recorded"
TARGET = Path(__file__).with_name("recorded.json")

A = "-p 5300 +tries=1 +time=4 @127.0.8.3"
R = "-p 5300 +tries=1 +time=4 @127.0.8.9"
DIG = [
    f"{A} www.example.com", f"{A} example.com soa", f"{A} example.com soa +multi",
    f"{A} sub.example.com", f"{A} x.wild.example.com", f"{A} nx.example.com",
    f"{A} b.c.example.com", f"{A} web.example.com", f"{A} out.example.com",
    f"{A} loop1.example.com", f"{A} example.com any", f"{A} example.com axfr",
    f"{A} other.com axfr", f"{A} other.org", f"{A} ch version.bind txt",
    f"{A} +noedns example.com mx", f"{A} host2.example.com +norec",
    f"{A} _sip._tcp.example.com srv",
    f"{A} example.com txt +short",
    f"{A} +tcp www.example.com a-very-long-host-name-indeed.example.com",
    f"{A} +noall +answer www.example.com", f"{A} +ttlunits +noall +answer www.example.com",
    f"{A} +nottlid +noall +answer www.example.com", f"{A} +nocl +noall +answer www.example.com",
    f"{A} +short +identify www.example.com", f"{A} +identify +noall +answer www.example.com",
    f"{A} +nocomments www.example.com", f"{A} +noquestion www.example.com",
    f"{A} +qr +bufsize=4096 www.example.com", f"{A} +dnssec www.example.com", f"{A} +foo x",
    f"{A} -Z", f"{A} www..com", f"{A} -x 10.0.0.1",
    f"{R} www.example.com", f"{R} nx.example.com", f"{R} web.example.com +short",
    f"{R} example.com mx", f"{R} alias.lan.test", f"{R} pc.lan.test", f"{R} www.lame.com",
    f"{R} www.glueless.com", f"{R} . ns", f"{R} +norec unknown.org",
    "-p 5399 @127.0.8.3 www", "+tcp -p 5399 @127.0.8.3 www", "+short -p 5399 @127.0.8.3 www",
]  # fmt: skip
HOST = [
    "www.example.com", "web.example.com", "-t soa example.com", "-t ns example.com",
    "nx.example.com", "-t aaaa mail.example.com", "-l lan.test", "-t hinfo example.com",
    "-t caa example.com", "-v ns.lan.test", "-t txt example.com", "-T -a pc.lan.test",
    "10.0.0.2", "-r www.unknown.org", "example.com",
]  # fmt: skip
NSLOOKUP = [
    "www.example.com", "-type=soa example.com", "-type=ns example.com",
    "-type=aaaa mail.example.com", "-type=any lan.test", "-debug ns.lan.test", "ns.lan.test",
    "web.example.com", "nx.example.com", "-type=mx example.com", "-type=txt example.com",
    "-type=srv _sip._tcp.example.com",
]  # fmt: skip
U = "http://127.0.8.80:8090"
CURL = [
    f"{U}/a.txt", f"-s {U}/", f"-v {U}/a.txt", f"-sI {U}/", f"-I {U}/a.txt", f"-i {U}/nope",
    f"-f {U}/nope", f"-sSf {U}/nope", f"-L {U}/old", f"-vsL {U}/old",
    f"-sSL --max-redirs 3 {U}/loop", f"-s {U}/sub", "-sS http://127.0.8.80:8098/",
    "http://127.0.8.80:8098/", f"-sS -d a=b -d c=d {U}/cgi-bin/env", f"-vs -d x=1 {U}/cgi-bin/env",
    f"-s -H 'X-A: b' -H Accept: -A me {U}/cgi-bin/env?q=1", f"-s -u a:b {U}/cgi-bin/env",
    f"-s -o /dev/null -w '%{{http_code}} %{{size_download}} %{{num_redirects}}\\n' -L {U}/old",
    f"-s -i -r 2-4 {U}/a.txt", f"-i {U}/cgi-bin/teapot", f"-s {U}/a.txt {U}/nope",
    f"-s -X DELETE {U}/", "-sS foo://x/", "", "--foo", "-o", "-sS file:///nonexistent",
    f"-s -G -d a=b {U}/cgi-bin/env", f"-s --data-urlencode 'a=b c' {U}/cgi-bin/env",
    f"-m x {U}", f"-sS -o /nonexistent/x {U}/", f"--http1.0 -si {U}/a.txt",
    f"-s -i --path-as-is {U}/../x",
]  # fmt: skip
WGET = [
    f"{U}/a.txt", f"-q {U}/a.txt", f"-O - {U}/a.txt", f"-qO- {U}/", f"{U}/nope", f"-S {U}/a.txt",
    f"--spider {U}/a.txt", f"--spider {U}/nope", f"{U}/old", f"-O x {U}/big.txt", f"{U}/", "",
    "--foo", f"-nv {U}/a.txt", f"-nv {U}/nope", f"-P dir {U}/a.txt", "-t 1 http://127.0.8.80:8098/",
    f"--post-data=a=b -qO- {U}/cgi-bin/env", f"{U}/sub", f"--max-redirect=2 {U}/loop",
]  # fmt: skip

WHOIS = [
    "203.0.113.7", "-H 203.0.113.7", "-L 203.0.113.7", "-r 203.0.113.7", "-B ORG-ISP1",
    "-i org ORG-ISP1", "-T inetnum -m 203.0.113.0/24", "nothing", "-x 203.0.113.0/24",
]  # fmt: skip


def commands() -> list[str]:
    """Everything that is recorded."""
    return [
        *(f"dig {args}" for args in DIG),
        *(f"host -p 5300 {args} 127.0.8.9" for args in HOST),
        *(f"nslookup -port=5300 {args} 127.0.8.9" for args in NSLOOKUP),
        *(f"curl {args}" for args in CURL),
        *(f"wget {args}" for args in WGET),
        *(f"whois -h 127.0.8.43 -p 4343 {args}" for args in WHOIS),
        "whois -h 127.0.8.44 -p 4344 x",
        "whois",
    ]


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    for path, text in (dns_files(FOLDER) | site_files(FOLDER)).items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    for script in Path(FOLDER, "cgi").iterdir():
        script.chmod(0o755)
    start = [sys.executable, "-m", "tests.userland.netservices.net_on_host"]
    daemons = [
        subprocess.Popen([*start, "named", "-g", "-p", "5300", "-c", f"{FOLDER}/{name}/named.conf"],
                         stderr=subprocess.DEVNULL)
        for name in SERVERS
    ]  # fmt: skip
    daemons.append(subprocess.Popen([*start, "httpd", "-X", "-f", f"{FOLDER}/httpd.conf"]))
    Path(FOLDER, "registry.db").write_text(REGISTRY)
    daemons.append(
        subprocess.Popen([*start, "whoisd", "-F", "-p", "4343", "-f", f"{FOLDER}/registry.db"])
    )
    time.sleep(2)
    found = []
    for command in commands():
        tool, *args = split(command)
        place = Path(FOLDER, "here")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        done = subprocess.run(
            [tool, *args], capture_output=True, cwd=place, env=os.environ | {"LC_ALL": "C"}
        )
        found.append(
            {
                "command": command,
                "status": done.returncode,
                "stdout": masked(tool, done.stdout.decode("latin-1")),
                "stderr": masked(tool, done.stderr.decode("latin-1")),
            }
        )
    for daemon in daemons:
        daemon.terminate()
        daemon.wait()
    TARGET.write_text(json.dumps(found, indent=1) + "\n")
    shutil.rmtree(FOLDER)


if __name__ == "__main__":
    main()
