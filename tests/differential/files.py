"""Descriptors, offsets, names, links, times."""

CASES = {
    "an offset is shared over fork": r"""
printf '1\n2\n3\n' >f; exec 3<f; read a <&3; (read b <&3; echo $b); read c <&3; echo $a $c
(echo one; (echo two); echo three) >g; cat g
""",
    "two opens have two offsets": r"""
exec 3>f 4>f; echo aaaa >&3; echo b >&4; cat f; exec 3>>f 4>>f; echo c >&3; echo d >&4; cat f
""",
    "dup shares an offset": r"""
exec 3>f; exec 4>&3; echo a >&3; echo b >&4; echo c >&3; exec 3>&-; echo d >&4; cat f
""",
    "O_APPEND writes at the end always": r"""
echo start >f; exec 3>>f; echo longer >f; echo end >&3; cat f; : >f; echo again >&3; cat f
""",
    "truncation under an open descriptor leaves a hole": r"""
exec 3>f; echo aaaa >&3; : >f; echo b >&3; od -An -c f; wc -c <f
""",
    "reading and writing one descriptor": r"""
printf 'abcdef\n' >f; exec 3<>f; read x <&3; echo new >&3; cat f; exec 4<>g; echo g >&4; cat g
""",
    "a deleted file lives while it is open": r"""
echo data >f; exec 3<f; rm f; cat <&3; ls; exec 4>g; rm g; echo x >&4; echo $?; ls
""",
    "rename replaces while the old one is open": r"""
echo old >a; echo new >b; exec 3<a; mv b a; cat <&3; cat a; ls
""",
    "noclobber": r"""
echo a >f; set -C; (echo b >f) 2>/dev/null; echo $?; echo c >|f; cat f; echo d >>f; cat f
echo n >/dev/null; echo $?; echo e >g; cat g
""",
    "hard links share everything": r"""
echo a >f; ln f g; echo b >>g; cat f; stat -c %h f; rm f; cat g; stat -c %h g
ln g d/x 2>/dev/null; echo $?; mkdir d; ln d e 2>/dev/null; echo $?
""",
    "symbolic links: dangling, looping, relative": r"""
ln -s nowhere l; cat l 2>/dev/null; echo $?; echo made >l; cat nowhere; ln -s b a; ln -s a b
cat a 2>/dev/null; echo $?
mkdir d; echo in >d/f; ln -s ../d/f d/g; cat d/g; readlink d/g; ln -s d dl; cat dl/f
rm dl/ 2>/dev/null; echo $?; rm dl; ls d
""",
    "cd through a link, and pwd both ways": r"""
mkdir -p a/b; ln -s a/b l; cd l; pwd | sed 's/.*\///'; pwd -P | sed 's/.*\///'; cd ..
pwd | sed "s|$OLDPWD||" >/dev/null; ls; cd -P l; cd ..; ls
""",
    "mkdir, rmdir and their errors": r"""
mkdir a; mkdir a; echo $?; mkdir b/c; echo $?; mkdir -p b/c; rmdir b; echo $?; rmdir b/c b
echo $?; rmdir nosuch; echo $?; : >f; rmdir f; echo $?; mkdir f/x; echo $?
""",
    "rm and its errors": r"""
mkdir d; rm d; echo $?; rm nosuch; echo $?; rm -f nosuch; echo $?; rm -d d; echo $?; : >f; rm f/
echo $?; rm -r .; echo $?
""",
    "mv between kinds": r"""
mkdir d e; : >f; mv f d; ls d; mv d e; ls e; : >x; mkdir y; : >y/x; mv -T x y; echo $?; mv y x
echo $?; mv nosuch z; echo $?; mv e e/d; echo $?
""",
    "cp keeps a mode as the umask lets it": r"""
umask 022; echo x >f; chmod 777 f; cp f g; stat -c %a g; chmod 4755 f; cp f h; stat -c %a h
cp -p f i; stat -c %a i; cp f f; echo $?; cp d e; echo $?
""",
    "test knows files": r"""
: >f; mkdir d; mkfifo p; ln -s f l; ln -s no n; echo x >s; chmod 000 s
for x in f d p l n s nosuch; do for t in e f d p L h s r w x; do [ -$t $x ] && printf "$t"; done
echo " $x"; done
""",
    "-nt, -ot and -ef": r"""
: >a; sleep 0.05; : >b; ln a c; [ b -nt a ] && echo nt; [ a -ot b ] && echo ot
[ a -ef c ] && echo ef; [ a -ef b ]; echo $?; [ a -nt nosuch ] && echo "newer than nothing"
""",
    "touch -d and stat": r"""
touch -d '2001-02-03 04:05:06 UTC' f; stat -c '%Y' f
TZ=UTC ls -l --time-style=+%F f | cut -d' ' -f6; touch -r f g
[ f -nt g ] || [ g -nt f ] || echo same
""",
    "a sparse file by dd seek": r"""
printf x | dd of=f bs=1 seek=5 2>/dev/null; od -An -c f
printf y | dd of=f bs=1 seek=2 conv=notrunc 2>/dev/null; od -An -c f; truncate -s 3 f
od -An -c f; truncate -s 5 f; wc -c <f
""",
    "a name's length has an end": r"""
n=$(printf '%0255d' 0); : >$n; echo $?; (: >${n}0) 2>/dev/null; echo $?; ls | wc -c; rm $n
ls | wc -l
""",
    "closing and duplicating bad descriptors": r"""
(echo x >&7) 2>/dev/null; echo $?; (cat <&7) 2>/dev/null; echo $?; exec 7>&-; echo $?
(exec 7>&6) 2>/dev/null; echo $?
""",
    "saving and restoring stdout": r"""
exec 3>&1 >f; echo hidden; exec >&3 3>&-; echo shown; cat f; { echo a >&3; } 3>g; cat g
(echo b >&3) 2>/dev/null; echo $?
""",
    "swapping stdout and stderr": r"""
(echo out; echo err >&2) 3>&1 1>&2 2>&3 3>&- 2>/dev/null | sed 's/^/piped: /'
(sh -c 'echo out; echo err >&2' 3>&1 1>&2 2>&3 3>&-) 2>o >e; cat o; echo; cat e
""",
    "a redirection's failure and the command": r"""
echo x >/no/such/file; echo $?; cat </no/such; echo $?; : >/no/such/file; echo never
""",
    "a redirection's failure spares an external command's shell": r"""
/bin/true >/no/such/file; echo $?; (: </no/such); echo $?; if cat <nosuch; then :; else echo else
fi
""",
    "descriptors above 2 reach a child": r"""
exec 5>f; sh -c 'echo from child >&5'; (exec 5>&-; sh -c 'echo no >&5' 2>/dev/null; echo $?)
cat f; sh -c 'ls /proc/self/fd | grep -c "^5$"'
""",
    "/dev/null, /dev/zero, /dev/full": r"""
cat /dev/null; echo x >/dev/null; head -c 3 /dev/zero | od -An -c; echo x >/dev/full; echo $?
/bin/echo x >/dev/full; echo $?; head -c 2 /dev/full | od -An -c
""",
    "globs see names in order, hidden ones by dot": r"""
: >b; : >a; : >.h; : >C; mkdir d; : >d/x; echo *; echo .*[a-z]; echo */*; echo z*; echo [ab]
echo "*"; set -f; echo *
""",
    "ls of one file, of many, of none": r"""
: >f; mkdir d; : >d/i; ls f; ls d; ls d f; ls nosuch; echo $?; ls -d d; ls -a d; ls nosuch f d
echo $?
""",
    "find by type, mode and depth": r"""
mkdir -p a/b/c; : >a/f; ln -s f a/l; chmod 600 a/f; chmod 755 a a/b a/b/c; find a | sort
find a -type d | sort; find a -perm 600; find a -maxdepth 1 | sort
find a -name c -exec echo {} \; ; find nosuch; echo $?
""",
    "an open directory is no file": r"""
mkdir d; cat d; echo $?; (: >d) 2>/dev/null; echo $?; exec 3<d; cat <&3; echo $?; read x <d
echo $?
""",
    "sync, df and du say nothing wrong": r"""
sync; echo $?; df . >/dev/null; echo $?; du -s . >/dev/null; echo $?; df nosuch; echo $?
""",
    "a write after the reader has seen the end": r"""
: >f; exec 3<f; read x <&3; echo $?; echo more >>f; read x <&3; echo "$? $x"
""",
}
