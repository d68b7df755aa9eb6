"""Which program is which file: the machine's ``/bin``, by name and home.

A program's module is imported when it is first executed and not before, so that starting a machine
costs nothing for what nobody runs. The value is ``module:function`` below this package.
"""

from importlib import import_module

from minios.abi.sys import Program

PROGRAMS: dict[str, str] = {
    "sh": "shell.main:main",
    # text tools
    "cat": "bin.cat:cat",
    "comm": "bin.comm:comm",
    "cut": "bin.cut:cut",
    "egrep": "bin.grep.main:grep",
    "expand": "bin.fold:expand",
    "fgrep": "bin.grep.main:grep",
    "fold": "bin.fold:fold",
    "grep": "bin.grep.main:grep",
    "head": "bin.head:head",
    "nl": "bin.nl:nl",
    "paste": "bin.paste:paste",
    "rev": "bin.tac:rev",
    "sed": "bin.sed.main:sed",
    "sort": "bin.sort:sort",
    "tac": "bin.tac:tac",
    "tail": "bin.tail:tail",
    "tee": "bin.tee:tee",
    "tr": "bin.tr:tr",
    "unexpand": "bin.fold:unexpand",
    "uniq": "bin.uniq:uniq",
    "wc": "bin.wc:wc",
    # (end of text tools)
    # processes, sessions and full-screen programs
    "ps": "bin.ps:ps",
    "pstree": "bin.pstree:pstree",
    "init": "bin.init:init",
    "getty": "bin.login:getty",
    "login": "bin.login:login",
    "uptime": "bin.uptime:uptime_program",
    "free": "bin.uptime:free",
    "w": "bin.who:w",
    "who": "bin.who:who",
    "users": "bin.who:users",
    "nice": "bin.nice:nice",
    "renice": "bin.nice:renice",
    "nohup": "bin.nice:nohup",
    "uname": "bin.uname:uname",
    "tty": "bin.uname:tty",
    "stty": "bin.stty:stty",
    "hostname": "bin.uname:hostname",
    "spin": "bin.load:spin",
    "hog": "bin.load:hog",
    "tick": "bin.tick:tick",
    "su": "bin.su:su",
    "passwd": "bin.su:passwd",
    "sudo": "bin.sudo:sudo",
    "nano": "bin.nano:nano",
    "top": "bin.top:top",
    "watch": "bin.watch:watch",
    "clear": "bin.tput:clear",
    "reset": "bin.tput:reset",
    "tput": "bin.tput:tput",
    "less": "bin.less:less",
    "more": "bin.less:more",
    "date": "bin.date:date",
    "sleep": "bin.timeout:sleep",
    "timeout": "bin.timeout:timeout",
    "kill": "bin.kill:kill",
    "pgrep": "bin.pgrep:pgrep",
    "pkill": "bin.pgrep:pkill",
    "killall": "bin.killall:killall",
    "pidof": "bin.killall:pidof",
    # the game's words
    "goals": "bin.gamewords:goals",
    "hint": "bin.gamewords:hint",
    "restart": "bin.gamewords:restart",
    "status": "bin.gamewords:status",
    # file tools and small tools
    "[": "bin.testing:test",
    "arch": "bin.small:arch",
    "basename": "bin.paths:basename",
    "dirname": "bin.paths:dirname",
    "echo": "bin.small:echo",
    "env": "bin.environment:env",
    "expr": "bin.expr:expr",
    "factor": "bin.factor:factor",
    "false": "bin.small:false",
    "file": "bin.file:file",
    "find": "bin.find.main:find",
    "groups": "bin.identity:groups",
    "id": "bin.identity:id_",
    "logname": "bin.identity:logname",
    "nproc": "bin.small:nproc",
    "printenv": "bin.environment:printenv",
    "printf": "bin.small:printf",
    "pwd": "bin.small:pwd",
    "readlink": "bin.paths:readlink",
    "realpath": "bin.paths:realpath",
    "test": "bin.testing:test",
    "true": "bin.small:true",
    "which": "bin.small:which",
    "whoami": "bin.identity:whoami",
    "chgrp": "bin.attributes:chgrp",
    "chmod": "bin.attributes:chmod",
    "chown": "bin.attributes:chown",
    "cp": "bin.copy:cp",
    "df": "bin.disk:df",
    "dir": "bin.ls.main:dir_",
    "du": "bin.disk:du",
    "install": "bin.install:install",
    "link": "bin.make:link",
    "ln": "bin.links:ln",
    "ls": "bin.ls.main:ls",
    "mkdir": "bin.make:mkdir",
    "mkfifo": "bin.make:mkfifo",
    "mktemp": "bin.make:mktemp",
    "mv": "bin.copy:mv",
    "rm": "bin.remove:rm",
    "rmdir": "bin.remove:rmdir",
    "stat": "bin.stat:stat",
    "sync": "bin.make:sync",
    "touch": "bin.touch:touch",
    "truncate": "bin.make:truncate",
    "unlink": "bin.remove:unlink",
    "vdir": "bin.ls.main:vdir",
}
"""Installed as /bin/NAME (those of SBIN as /sbin/NAME)."""

SBIN = frozenset({"init", "getty", "login"})


def load(name: str) -> Program:
    """The program called ``name``; KeyError if there is none."""
    module, _, function = PROGRAMS[name].partition(":")
    program: Program = getattr(import_module(f"minios.userland.{module}"), function)
    return program
