"""Who may do what: mode bits, directories, umask, set-id bits, owners. As an ordinary user."""

CASES = {
    "mode bits of a file": r"""
echo x >f; for m in 000 200 400 600 044 066; do chmod $m f; cat f >/dev/null 2>&1; r=$?
(echo y >>f) 2>/dev/null; echo "$m $r $?"; done
""",
    "the owner's class decides, not the most generous": r"""
echo x >f; chmod 077 f; cat f; echo $?; chmod 0477 f; cat f; (echo y >f) 2>/dev/null; echo $?
ls -l f | cut -c1-10
""",
    "a directory without x": r"""
mkdir d; : >d/f; chmod 600 d; ls d; cat d/f; echo $?; cd d; echo $?; : >d/g; echo never
""",
    "a directory without r": r"""
mkdir d; echo in >d/f; chmod 300 d; ls d; echo $?; cat d/f; echo d/*; (cd d && echo inside)
: >d/g; echo $?; chmod 700 d; ls d
""",
    "a directory without w": r"""
mkdir d; : >d/f; chmod 500 d; rm -f d/f; echo $?; echo x >d/f; echo $?; (: >d/g) 2>/dev/null
echo $?; mv d/f d/h; echo $?; chmod 700 d
""",
    "removing needs the directory, not the file": r"""
echo x >f; chmod 000 f; rm -f f; echo $?; ls; mkdir d; : >d/f; chmod 000 d; rm -rf d; echo $?
chmod 700 d; rm -r d; echo $?
""",
    "a component in the middle": r"""
mkdir -p a/b/c; echo deep >a/b/c/f; chmod 000 a/b; cat a/b/c/f; ls a/b/c; cd a/b
stat a/b >/dev/null; echo $?; chmod 100 a/b; cat a/b/c/f; ls a/b; chmod 700 a/b
""",
    "only the owner changes a mode": r"""
chmod 777 /etc; echo $?; chmod 000 /etc/passwd; echo $?; chown 0 . ; echo $?; : >f; chown 0 f
echo $?; chgrp 0 f; echo $?; touch /etc/passwd 2>/dev/null; echo $?
""",
    "what is root's is root's": r"""
(: >/etc/new) 2>/dev/null; echo $?; (: >/newfile) 2>/dev/null; echo $?
rm -f /etc/passwd 2>/dev/null; echo $?; cat /etc/shadow 2>/dev/null; echo $?
mkdir /bin/d 2>/dev/null; echo $?
""",
    "/tmp is sticky": r"""
stat -c %a /tmp; d=$(mktemp -d); echo x >$d/f; rm -r $d; echo $?; mkdir s; chmod 1777 s
: >s/mine; rm s/mine; echo $?; ls -ld s | cut -c1-10
""",
    "umask takes bits away, never adds": r"""
for u in 000 022 027 077 777 111; do umask $u; rm -rf f d; : >f; mkdir d
stat -c '%a' f d | tr '\n' ' '; echo $u; done
""",
    "chmod in symbols": r"""
: >f; chmod 644 f
for m in u+x g=w o-r a+x u=rwx,go=r +x -w g+s u+s a-st o=u g+u,o+w; do chmod $m f 2>/dev/null
stat -c "%a $m" f; done
""",
    "X is for directories and what is executable already": r"""
mkdir d; : >f; : >g; chmod 600 f d; chmod 700 g; chmod a+X f g d; stat -c '%n %a' f g d
""",
    "ls shows set-id and sticky bits": r"""
: >f; for m in 4755 4655 2755 2745 1777 1776 6777 7000; do chmod $m f; ls -l f | cut -c1-10; done
""",
    "writing drops the set-id bits": r"""
: >f; chmod 6777 f; echo x >f; stat -c %a f; chmod 4755 f; truncate -s 0 f; stat -c %a f
chmod 2745 f; echo y >>f; stat -c %a f
""",
    "a setgid directory gives its group": r"""
mkdir d; chmod 2755 d; mkdir d/e; : >d/f; stat -c '%a' d/e d/f
[ $(stat -c %g d) = $(stat -c %g d/f) ] && echo same
""",
    "an executable needs x, a script needs r too": r"""
printf '#!/bin/sh\necho ran\n' >s; chmod 111 s; ./s 2>/dev/null; echo $?; chmod 444 s
./s 2>/dev/null; echo $?; sh s; chmod 555 s; ./s
""",
    "PATH skips what may not be run": r"""
mkdir a b; printf '#!/bin/sh\necho a\n' >a/cmd; printf '#!/bin/sh\necho b\n' >b/cmd
chmod 755 b/cmd; chmod 644 a/cmd; PATH=$PWD/a:$PWD/b:$PATH; cmd; chmod 644 b/cmd; hash -r
cmd 2>/dev/null; echo $?
""",
    "test -r -w -x go by the bits": r"""
: >f; mkdir d; for m in 000 100 200 400 700; do chmod $m f d
for t in r w x; do [ -$t f ] && printf f$t; [ -$t d ] && printf d$t; done; echo " $m"; done
chmod 700 d
""",
    "an unreadable file that is open already": r"""
echo data >f; exec 3<f 4>>f; chmod 000 f; cat <&3; echo more >&4; echo $?; (cat f) 2>/dev/null
echo $?; chmod 600 f; cat f
""",
    "links and permissions": r"""
echo x >f; chmod 000 f; ln f g; echo $?; ln -s f l; cat l 2>/dev/null; echo $?; chmod 600 l
stat -c %a f; stat -c %a l; chmod 000 g; stat -c %a f
""",
    "a copy of what cannot be read": r"""
echo x >f; chmod 000 f; cp f g; echo $?; ls; mv f h; echo $?; cp h /etc/ 2>/dev/null; echo $?
""",
    "kill of what is not mine": r"""
kill -0 1; echo $?; kill -TERM 1 2>/dev/null; echo $?; kill -CONT 1 2>/dev/null; echo $?
""",
    "mknod of a device is root's": r"""
mknod n c 1 3; echo $?; mknod p p; echo $?; ls -l p | cut -c1; mkfifo -m 620 q
ls -l q | cut -c1-10
""",
    "error texts of a refused open": r"""
mkdir d; : >d/f; chmod 000 d; cat d/f; cp d/f x; mv d/f x; rm d/f; ls -l d; mkdir d/e; touch d/g
ln -s x d/l; chmod 700 d
""",
    "a hard link to a directory, a rename into itself": r"""
mkdir -p a/b; ln a c; echo $?; mv a a/b/c; echo $?; rmdir a; echo $?; mv a/b . ; ls
""",
    "cd where one may not": r"""
mkdir -p d/e; chmod 666 d; cd d 2>/dev/null; echo $?; cd d/e 2>/dev/null; echo $?; chmod 111 d
cd d; echo $?; ls 2>/dev/null; echo $?; pwd | sed 's/.*\///'; cd ..; chmod 700 d
""",
    "find in what it may not see": r"""
mkdir -p a/b a/c; : >a/b/f; chmod 000 a/b; find a | sort; echo $?; find a -name f; echo $?
du -s a >/dev/null; echo $?; chmod 700 a/b
""",
}
