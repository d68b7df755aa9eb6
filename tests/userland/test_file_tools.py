"""File tools against Debian 12's own: the same command line, the same files, the same bytes.

Each command is run by GNU coreutils 9.1 or findutils 4.9 and by the native program over the host's
system calls. Status, standard output and standard error must agree, and so must the files after it.
"""

import os
import shlex
import stat
from pathlib import Path

import pytest

from tests.userland.native import Outcome, ours, theirs, version_of

pytestmark = pytest.mark.skipif(
    not (
        version_of("ls").endswith("coreutils) 9.1")
        and version_of("find").endswith("findutils) 4.9.0")
    ),
    reason="compares with GNU coreutils 9.1 and findutils 4.9",
)

LOOKING = """
ls
ls -la
ls -A -1 -r
ls -C -w 40
ls -x -w 40 -F
ls -m -w 30
ls -p --file-type a
ls -is f1 hard big
ls -lhS
ls -lt --time-style=long-iso
ls -ltur --full-time
ls -gG
ls -lnk a d
ls -v
ls -X
ls -R a
ls -Rl a d
ls -d a f1 link
ls -l link dirlink dang
ls -L -F
ls -lH dirlink
ls -lL a f1
ls nope f1 a
ls -l loop nope
ls ''
ls --color=always -l
ls --color=always -C -w 50 -F
ls -b
ls -Q
ls --quoting-style=shell-escape -C -w 60
ls --quoting-style=c-maybe -m
ls -I '*.txt' --hide='f*'
ls --group-directories-first -l
ls --sort=width
ls --sort=nope
ls --time-style=nope -l
ls --block-size=K -l big
ls -T 4 -C -w 60
ls -w x
ls --zero -a
ls -y
ls --foo
ls --co
ls -dash
dir
vdir a f1
stat -c '%n %N %s %b %a %A %F %g %h %i %U %y %Y %.3X %o' f1 link a pipe
stat --printf '%n\\t%10s|%-6a|%#f\\n' f1 suid
stat -L -c %F link dang
stat nope
stat
file f1 a link dang pipe zero script.sh big suid nope
file -b --mime-type script.sh f1 a
file -i f1 zero
readlink link f1 nope
readlink -f link dirlink/../f1 nope nope/x loop
readlink -e dang
readlink -m nope/../x/y
readlink -nv link
realpath f1 dirlink nope nope/x
realpath -s dirlink/x.c
realpath --relative-to=a f1 a/b/c
realpath -e f1/
basename /a/b.c .c
basename -a -s .c a.c b.c /
basename
dirname /a/b c / '' a//b/
du a
du -a -h a big
du -sb a f1
du -cS a d
du -d 0 -k . nope
du -sa
find a
find a/ f1 nope
find . -maxdepth 1 -name 'f*' -type f -newer big
find . -iname 'S*' -perm -u+x
find a -path '*b*' -prune -o -print
find a ( -name '*.c' -o -name '*.h' ) -printf '%p %f %h %P %s %m %M %d %y\\n'
find . -size +4k -o -empty -type f
find . -regextype posix-extended -regex '\\./(f1|big)' -printf '%TY-%Tm-%Td %TT %u\\n'
find a -type f -exec echo x {} ;
find a -type f -exec echo x {} +
find a -type f -exec false {} + -print
find a -depth -mindepth 1
find -L . -maxdepth 1 -type l
find . -xtype d -maxdepth 1
find a f1 link -ls
find . -links +1 ! -type d
find . -samefile f1
find a -name x.c -print -quit
find -foo
find a -name
find a -type q
find a ( -name x
find a -o
find a -exec echo
find . -perm -g=w,o=w ! -type l
find . -newermt 2022-01-01 ! -newermt 2022-04-01 -type f
find . -mtime +400 -mtime -99999 -name f1
expr 1 + 2 '*' 3
expr abc : 'a\\(.*\\)'
expr length abc = 3 '&' 0
expr 1 / 0
expr substr abcdef 2 3
expr index abc c
expr
env -i A=1 B=2
env -u HOME printenv HOME
env nosuch
env -x
printf '%5d|%-5s|%x|%o|%c|%b\\n' 42 ab 255 8 xyz 'a\\tb'
printf '%d\\n' abc
printf '%q\\n' 'a b'
echo -e 'a\\tb\\0101\\c' x
echo -n -x
test f1 -nt big -a ! -e nope
test 1 -lt 2 -o a
test a b c
pwd -P
id nosuch
whoami x
nproc --ignore=x
factor 97 100 18446744073709551557
true --foo
false
""".strip().split("\n")

CHANGING = """
mkdir x y
mkdir -p x/y//z a
mkdir -pv x/y
mkdir -m 1777 x
mkdir -m g-w,o= x
mkdir a f1
mkdir -p f1/x
mkdir nope/x
rmdir empty a nope
rmdir -pv sub/sub
rm f1 nope
rm -v f1 hard
rm a
rm -rv a
rm -d empty a
rm -rf a nope d
rm -rf . a/..
rm -f
rm
cp f1 new
cp -v f1 f2.txt a
cp a new
cp -r a new
cp -av a new
cp -r a d
cp -r sub sub/sub
cp -p f1 new
cp -P link new
cp -L link new
cp -l f1 new
cp -s f1 new
cp -n f1 f2.txt
cp -u f1 f2.txt
cp -b f1 f2.txt
cp -t a f1 f2.txt
cp -T a d
cp f1 f1
cp f1 dang
cp f1 f2.txt nope
cp nope new
cp --parents a/b/z.txt d
cp
mv f1 new
mv -v f1 f2.txt a
mv a d
mv a a/b
mv -n f1 f2.txt
mv -b f1 f2.txt
mv f1 hard
mv -T a d
mv nope new
mv f1 f2.txt nope
ln f1 new
ln -s a/x.c
ln -sv f1 new
ln -sf f1 f2.txt
ln -sfn d dirlink
ln f1 f2.txt
ln a new
ln -sr a/x.c d
touch new f1
touch -c new
touch -t 202001020304.05 f1 new
touch -d '2020-05-05 01:02:03.5' f1
touch -r f2.txt f1
touch -d nonsense f1
touch nope/x
touch
chmod 755 f1
chmod -v u=rwx,g=u,o-r f1 a
chmod -R u+rwX,go-w a
chmod -c 644 f1 script.sh
chmod -w f1
chmod +t,u+s d
chmod 0 nope
chmod zz f1
chmod
chgrp
chown
mktemp -u XX
truncate -s 100 f1 new
truncate -s +5 f1
truncate -s '<3' f1
truncate -s x f1
mkfifo -m 600 p
mkfifo f1
link f1 new
unlink f1
unlink a
install -m 640 f1 new
install -Dv f1 q/w/new
install -dv q/w
dd if=f1 of=new bs=2 count=2 seek=1 status=noxfer
dd if=big of=new ibs=7 obs=100 conv=ucase,swab status=none
dd if=f1 of=f2.txt conv=notrunc skip=1 bs=1 status=none
dd if=nope
dd bs=x
find a -name '*.c' -delete
find a -delete
find a -type f -exec rm {} +
""".strip().split("\n")

ANSWERED = [
    ("rm -i f1 f2.txt", b"y\nn\n"),
    ("rm -ri a", b"y\ny\ny\nn\ny\ny\ny\ny\n"),
    ("rm -I f1 f2.txt hard big", b"n\n"),
    ("cp -i f1 f2.txt", b"n\n"),
    ("cp -iv f1 f2.txt", b"y\n"),
    ("mv -i f1 f2.txt", b"y\n"),
    ("ln -i f1 f2.txt", b"n\n"),
    ("find a -type f -ok rm {} ;", b"y\nn\n"),
]


def make_files(root: Path) -> None:
    """A directory with something of everything, and times that stay what they are."""
    for name in ("a/b/c", "d", "sp ace", "empty", "sub/sub"):
        (root / name).mkdir(parents=True)
    texts = {
        "f1": "hello\n", "f2.txt": "world two\n", "big": "x" * 5000, "zero": "",
        "a/x.c": "one\ntwo\n", "a/y.h": "y\n", "a/b/z.txt": "z\n", "a/b/c/deep": "q\n",
        "script.sh": "#!/bin/sh\necho\n", ".hidden": "h\n", "file10": "n\n", "file9": "n\n",
        "it's": "it\n", "new\nline": "nl\n", "a*b": "t\n", "-dash": "d\n",
    }  # fmt: skip
    for name, text in texts.items():
        (root / name).write_text(text)
    modes = {"script.sh": 0o755, "suid": 0o4755, "sgid": 0o2644, "zero": 0o600}
    for name, mode in modes.items():
        (root / name).touch()
        (root / name).chmod(mode)
    (root / "sticky").mkdir()
    (root / "sticky").chmod(0o1777)
    for name, target in (("link", "f1"), ("dang", "nowhere"), ("dirlink", "a"), ("loop", "loop")):
        (root / name).symlink_to(target)
    os.link(root / "f1", root / "hard")
    os.mkfifo(root / "pipe")
    age = 1_600_000_000
    for folder, folders, files in os.walk(root, topdown=False):
        for number, name in enumerate(sorted(files + folders)):
            moment = (age + number * 1000) * 10**9 + 123_456_789
            os.utime(os.path.join(folder, name), ns=(moment, moment), follow_symlinks=False)
    os.utime(root, ns=(age * 10**9, age * 10**9))


def state_of(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything about the files below ``root`` but what differs between two trees."""
    found: dict[str, tuple[object, ...]] = {}
    for folder, folders, files in os.walk(root):
        for name in files + folders:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            kept = st.st_mtime_ns if st.st_mtime < 1_700_000_000 else "now"
            content: object = None
            if stat.S_ISLNK(st.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(st.st_mode):
                content = Path(path).read_bytes()
            found[os.path.relpath(path, root)] = (st.st_mode, st.st_nlink, kept, content)
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("look")
    make_files(root)
    return root


def shown(outcome: Outcome) -> str:
    """An outcome as text that a failing assertion can show."""
    return "\n".join(
        (
            str(outcome.status),
            outcome.stdout.decode("latin-1"),
            outcome.stderr.decode("latin-1"),
        )
    )


@pytest.mark.parametrize("line", LOOKING)
def test_a_program_that_looks_tells_what_debians_tells(line: str, files: Path) -> None:
    argv = shlex.split(line)
    assert shown(ours(argv, files)) == shown(theirs(argv, files))


def changed(line: str, stdin: bytes, tmp_path: Path) -> None:
    """Assert that both leave two equal trees equal."""
    argv = shlex.split(line)
    roots = [tmp_path / "1" / "w", tmp_path / "2" / "w"]
    for root in roots:
        root.mkdir(parents=True)
        make_files(root)
    outcomes = [run(argv, root, stdin) for run, root in zip((ours, theirs), roots, strict=True)]
    # Two directories of the host need not list equal names in the same order.
    assert outcomes[0].status == outcomes[1].status
    for mine, debians in zip(outcomes[0][1:], outcomes[1][1:], strict=True):
        assert sorted(mine.splitlines(True)) == sorted(debians.splitlines(True))
    assert state_of(roots[0]) == state_of(roots[1])


@pytest.mark.parametrize("line", CHANGING)
def test_a_program_that_changes_files_leaves_what_debians_leaves(line: str, tmp_path: Path) -> None:
    changed(line, b"", tmp_path)


@pytest.mark.parametrize(("line", "answers"), ANSWERED)
def test_a_program_that_asks_does_what_it_is_told(
    line: str, answers: bytes, tmp_path: Path
) -> None:
    changed(line, answers, tmp_path)
