"""What /proc says of oneself, and advisory locks."""

CASES = {
    "names, arguments, directory": r"""
cat /proc/self/comm; tr '\0' ' ' </proc/self/cmdline; echo; cd /tmp; readlink /proc/self/cwd
sh -c 'tr "\0" "|" </proc/$$/cmdline; echo; cat /proc/$$/comm; :' name 'a b' ''
""",
    "the environment as it was at exec": r"""
env -i A=1 'B=two words' sh -c 'C=3; export C; tr "\0" "\n" </proc/$$/environ; :'
""",
    "umask, ids and groups in status": r"""
umask 027; grep -E '^(Umask|Uid|Gid|Threads|NoNewPrivs):' /proc/self/status
""",
    "which signals are ignored": r"""
last='s/SigIgn:.*\(.\{7\}\)$/\1/p' # 28 signals: a host may ignore some that no shell can reset
trap '' HUP USR1; sed -n "$last" /proc/self/status; trap - HUP USR1
sed -n "$last" /proc/self/status
""",
    "a stopped process's state and pending signals": r"""
sleep 9 & p=$!; sleep 0.2; kill -STOP $p
while ! grep -q '^State:.T' /proc/$p/status; do sleep 0.05; done; kill -TERM $p; kill -USR1 $p
grep -E '^(Name|State|ShdPnd):' /proc/$p/status; kill -9 $p
""",
    "limits": r"""
ulimit -n 20; ulimit -S -c 0; grep -E 'open files|Limit ' /proc/self/limits; ulimit -f 8
grep 'file size' /proc/self/limits
""",
    "descriptors and where they lead": r"""
exec 3</dev/null 5>out; readlink /proc/self/fd/3; readlink /proc/self/fd/5 | sed 's/.*\///'
rm out; readlink /proc/self/fd/5 | sed 's/.*\///'; echo x | readlink /proc/self/fd/0 | cut -c1-6
exec 3<&- 5>&-; ls /proc/self/fd | tr '\n' ' '
""",
    "positions in fdinfo": r"""
seq 3 >f; exec 3<f; read x <&3; grep pos /proc/self/fdinfo/3; cat <&3 >/dev/null
grep pos /proc/self/fdinfo/3
""",
    "parent, group and session in stat": r"""
set -- $(cat /proc/$$/stat); [ $1 = $$ ] && echo "$2"; [ $4 = $PPID ] && echo parent
sh -c 'set -- $(cat /proc/$$/stat); [ $6 = '$6' ] && echo "same session"'
""",
    "somebody else's secrets": r"""
ls /proc/1/fd 2>&1; cat /proc/1/environ; readlink /proc/1/cwd; echo $?; cat /proc/1/comm >/dev/null
echo $?; ls -d /proc/1
""",
    "what is gone": r"""
ls /proc/self/nosuch; (: >/proc/self/x)
echo $?; mkdir /proc/x; rm /proc/version; chmod 777 /proc/self/comm
""",
    "flock is exclusive between descriptions": r"""
exec 8>l 9>l; flock -n 8; echo $?; flock -n 9; echo $?; flock -u 8; flock -n 9; echo $?
(flock -n 9; echo $?); flock -n -s 8; echo $?; flock -s 9; flock -n -s 8; echo $?; flock -n 8
echo $?
""",
    "flock goes with the last descriptor": r"""
(exec 9>l; flock 9; sleep 0.4 & ) ; exec 8>l; flock -n 8; echo $?; flock 8; echo got
flock -n l true
echo $?; exec 8>&-; flock -n l echo free
""",
    "flock's statuses": r"""
flock l sh -c 'exit 5'; echo $?; flock -c l 'echo x' 2>/dev/null; flock l -c 'echo shell; exit 3'
echo $?; flock -n -E 9 l flock -n -E 9 l true; echo $?; flock -w 0.2 l flock -w 0.2 l true; echo $?
flock 99 2>/dev/null; echo $?; flock /no/such/file true; echo $?
""",
}
