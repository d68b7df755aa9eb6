"""The text of the manual. The form of a page is said in :mod:`minios.userland.man`."""

PAGES = r"""The MiniOS manual.
@arp 8 show and change the ARP cache
arp [-n] [-a | -e] [-i IFACE] [HOST]
arp -s HOST MAC [temp] [pub]
arp -d HOST
--
Which hardware address has which neighbour. Flags: C it is known, M it was set by hand, P this machine answers for it (proxy).
-n  numbers instead of names
-a  the style of BSD
-s  set an entry
-d  delete one
-i  only this interface
$ arp -n
see ip(8)
@arping 8 ask who has an address on the link
arping [-fqbDUA] [-c COUNT] [-w SECS] [-i SECS] [-I DEVICE] [-s SOURCE] ADDRESS
--
Sends ARP requests, for which one has to be root, and shows who answers: below IP, so no route or filter matters. Exit status 0 if somebody did, with -D if nobody did.
-D  is the address taken already? (asks from 0.0.0.0)
-U, -A  tell the neighbours, unasked
-f  end with the first answer
$ arping -c 1 -I eth0 10.0.0.1
see arp(8), ip(8), ping(8)
@awk,mawk 1 pattern scanning and text processing
awk [-F SEP] [-v VAR=VALUE] 'PROGRAM' [FILE]...
awk [-F SEP] -f PROGFILE [FILE]...
--
Reads lines, splits each into fields $1, $2 … and runs the actions whose pattern matches. A program is a list of PATTERN { ACTION }; BEGIN and END run before the first and after the last line. NR is the line's number, NF its number of fields.
-F SEP  what separates fields; a blank by default
-v VAR=VALUE  set a variable first
-f PROGFILE  read the program from a file
$ ps aux | awk '$3 > 10 { print $2, $11 }'
$ awk -F: '{ print $1 }' /etc/passwd
see grep(1), sed(1), cut(1)
@basename 1 strip the directory and a suffix from a path
basename NAME [SUFFIX]
basename -a [-s SUFFIX] NAME...
--
Prints the last part of each path.
$ basename /srv/report.txt .txt
see dirname(1), realpath(1)
@blkid 8 what lies on block devices
blkid [-o full|value|device|export] [-s TAG] [-L LABEL | -U UUID] [DEVICE]...
--
Reads the superblocks, for which one has to be root.
see lsblk(8), mount(8), mkfs(8)
@bridge 8 forwarding tables, ports and VLANs of bridges
bridge link [show]
bridge fdb [show [br BRIDGE]] | add MAC dev PORT master | del MAC dev PORT master
bridge vlan [show] | add vid N dev PORT [pvid] [untagged] | del vid N dev PORT
--
A bridge is a switch inside a machine: ip link add br0 type bridge; ip link set eth1 master br0. fdb is what it has learnt: behind which port is which station. VLANs count once the bridge filters them: ip link set br0 type bridge vlan_filtering 1.
-s  ages
-d  details
$ bridge fdb show br br0
$ bridge vlan add vid 10 dev eth1 pvid untagged
see ip(8)
@cancel,lprm 1 take jobs out of the print queue
cancel [-a] [ID]...
lprm [JOB]...
--
Only one's own jobs; root takes any. lprm without a number takes the one that is being printed, lprm - all of one's own. What the printer has in its buffer is printed still.
-a  all of one's own
see lp(1), lpq(1)
@cat 1 concatenate files and print them
cat [-nbsETA] [FILE]...
--
Copies the files, or standard input for - or none, to standard output.
-n  number all lines
-b  number lines that are not empty
-A  show what cannot be seen: tabs as ^I, line ends as $
$ cat NOTE
see less(1), tac(1), head(1)
@chmod 1 change the permission bits of files
chmod [-Rv] MODE[,MODE]... FILE...
--
MODE is octal (644) or symbolic: who (u user, g group, o others, a all), an operator (+ - =) and bits (r w x X s t).
-R  directories with all that is in them
$ chmod +x script.sh
$ chmod u=rw,go= diary
see chown(1), stat(1), umask(1), credentials(7)
@chown,chgrp 1 change owner and group of files
chown [-Rh] [OWNER][:GROUP] FILE...
chgrp [-Rh] GROUP FILE...
--
Only root gives a file away; an owner may choose among their own groups.
-R  directories with all that is in them
-h  a symbolic link itself, not what it points to
see chmod(1), id(1)
@clear,reset 1 clear the screen, or put a broken terminal right
clear
reset
--
clear wipes the screen. reset also restores the modes of a terminal that a program left in disorder; type it even if you cannot see what you type.
see stty(1), tput(1)
@cmp 1 compare two files byte by byte
cmp [-bls] [-n LIMIT] FILE1 [FILE2]
--
Says where the files differ first. Exit status 0: same, 1: different, 2: trouble.
-l  every difference, with the bytes in octal
-s  say nothing, only the exit status
see diff(1), comm(1)
@comm 1 compare two sorted files line by line
comm [-123] FILE1 FILE2
--
Three columns: lines only in FILE1, only in FILE2, and in both. -1 -2 -3 leave one out.
$ comm -12 today yesterday
see sort(1), diff(1), uniq(1)
@conntrack 8 list, watch and delete tracked connections
conntrack -L [-p PROTO] [-s IP] [-d IP] [-r IP] [-q IP] [-o OUTPUT] [OPTION]...
conntrack -E [-e NEW,UPDATES,DESTROY] [OPTION]...
conntrack -D [OPTION]...
conntrack -F | -C | -S
--
The kernel remembers connections once a rule asks for it: as soon as there is a nat table, or a rule with -m conntrack. -L shows for each its protocol, the seconds until it is forgotten, for TCP its state, and its two directions: as packets come in, and as answers come in, which is where a translation shows. [UNREPLIED] has seen no answer; [ASSURED] is not thrown away when the table is full.
-L  list
-E  tell what happens, until interrupted
-D  delete those that are meant; exit status 1 if there is none
-F  delete all
-C  how many there are
-S  statistics: what was invalid, dropped for want of room …
-p PROTO  tcp, udp, icmp; then also --sport PORT, --dport PORT, --reply-port-src, --reply-port-dst, --state STATE
-s, -d IP  source and destination of the original direction
-r, -q IP  source and destination of the answers
-u STATUS  ASSURED, SEEN_REPLY, UNREPLIED, SRC_NAT, DST_NAT
-n, -g, -j [IP]  with a translated source, destination, either
-o OUTPUT  extended, id, timestamp, xml
$ conntrack -L -p tcp --dport 80
$ conntrack -E
see iptables(8), sysctl(8)
@cp 1 copy files and directories
cp [-rapifnuvt] SOURCE... DEST
--
With several sources DEST must be a directory.
-r  directories with all that is in them
-a  keep everything: modes, owners, times, links
-i  ask before overwriting
-n  never overwrite
$ cp -a /etc/passwd backup/
see mv(1), ln(1), rm(1)
@curl 1 transfer data by URL
curl [-sSfiILvk] [-o FILE | -O] [-X METHOD] [-d DATA] [-H HEADER] [-m SECONDS] [-w FORMAT] URL...
--
Asks a web server and writes what it answers to standard output. Exit statuses: 6 no such host, 7 no connection, 22 an error with -f, 28 time is up, 52 an empty answer, 56 the connection broke.
-s  no progress meter and no errors; -S errors all the same
-f  an answer of 400 or more is a failure
-i  the answer's headers too
-I  only the headers (HEAD)
-L  follow redirections
-o FILE  write to a file; -O to one named as in the URL
-d DATA  POST this; @FILE reads it
-H HEADER  send a header
-v  show the conversation
-m SECONDS  give up after so long; --connect-timeout for connecting
-w FORMAT  print afterwards, as '%{http_code}'
$ curl -sI http://www.example.com/
$ curl -s -o /dev/null -w '%{http_code}' localhost
see wget(1), httpd(8)
@cut 1 cut columns out of lines
cut -f LIST [-d CHAR] [-s] [FILE]...
cut -c LIST [FILE]...
--
LIST is numbers and ranges: 1,3-5,7-.
-f  fields, separated by tabs or by -d
-c  characters
$ cut -d: -f1,7 /etc/passwd
see paste(1), awk(1), tr(1)
@date 1 print or set the date
date [-u] [-d STRING] [+FORMAT]
--
The clock of this machine is virtual: it moves when the world moves.
-d STRING  another time than now: '@0', 'yesterday', '2026-01-05 09:00'
+FORMAT  %Y %m %d %H %M %S %s %F %T and others
$ date +%T
see uptime(1)
@dd 1 copy with block sizes and offsets
dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [seek=N] [conv=WORDS] [iflag=WORDS] [oflag=WORDS]
--
conv=fsync and conv=fdatasync wait at the end until the disk has it all; oflag=sync and oflag=dsync at every block. oflag=direct and iflag=direct go past the page cache.
$ dd if=/dev/zero of=blank bs=4096 count=10
$ dd if=/dev/sda1 bs=64k | grep -a -c secret
see cp(1), head(1), disk(7)
@df 1 free space on file systems
df [-hTi] [FILE]...
--
-h  in units that people read
see du(1), stat(1)
@dhclient 8 get an address from a DHCP server
dhclient [-1dvrx] [-lf FILE] [-pf FILE] [-cf FILE] [-sf FILE] [INTERFACE]...
--
Asks for an address (RFC 2131), configures interface, route and /etc/resolv.conf with what is offered, and goes on in the background to renew the lease in time. The leases are in /var/lib/dhcp/dhclient.leases; at the next start the last one is asked for again.
-1  try once; exit status 2 if nobody offers anything
-d  stay in the foreground
-r  give the lease back and end the running client
-x  end it and keep the lease
-v  say what is done
$ dhclient -v eth0
see dhcpd(8), ip(8), resolv.conf(5)
@dhcpd 8 DHCP server
dhcpd [-df] [-t] [-cf FILE] [-lf FILE] [INTERFACE]...
--
Hands out addresses from the ranges of /etc/dhcp/dhcpd.conf, and those that are reserved for a host by its hardware address. An address is pinged before it is offered for the first time. With "authoritative" it contradicts clients who want an address that is not theirs. The leases are in /var/lib/dhcp/dhcpd.leases; what it does is in the journal.
-d  in the foreground, log to standard error
-t  only look whether the configuration is right
$ systemctl start isc-dhcp-server
see dhclient(8)
@diff 1 differences between two files
diff [-uqrsiwb] FILE1 FILE2
--
Prints what would turn FILE1 into FILE2: < lines go, > lines come. Exit status 0: same, 1: different, 2: trouble.
-u  unified form, with context
-q  only whether they differ
-r  directories with all that is in them
-w  white space does not count
$ diff -u old new
see cmp(1), comm(1)
@dig 1 ask name servers, and show what they answer
dig [@SERVER] [-p PORT] [-t TYPE] [-x ADDRESS] NAME [TYPE] [+OPTION]...
--
Sends a query as DNS has it and prints every section of the answer. Without @SERVER those of /etc/resolv.conf are asked. Exit status 9: no server answered.
-x ADDRESS  the name that an address has
+short  only the data of the answers
+trace  from the root down, server by server
+norecurse  ask what the server knows itself
+tcp  over TCP
+noall +answer  only that section
$ dig www.example.com
$ dig @10.0.0.53 example.com mx +short
see host(1), nslookup(1), named(8)
@dirname 1 strip the last part of a path
dirname NAME...
--
$ dirname /srv/data/file
see basename(1)
@du 1 disk space that files use
du [-shack] [-d N] [FILE]...
--
-s  a total for each operand
-h  in units that people read
see df(1), ls(1)
@echo 1 print a line
echo [-n] [TEXT]...
--
The shell's own echo understands backslash sequences such as \n, as dash's does.
-n  no newline at the end
see printf(1)
@env,printenv 1 show the environment, or run a program in another one
env [-i] [-u NAME] [NAME=VALUE]... [COMMAND [ARG]...]
printenv [NAME]...
--
A process gets its environment when its program starts; nobody can change it from outside afterwards.
-i  begin with an empty environment
-u NAME  without this variable
$ env -i PATH=/bin sh
see sh(1), proc(5)
@ethtool 8 what a network card says of itself
ethtool [-i | -S | -P] IFACE
--
Speed, duplex, and whether there is a link.
-i  driver
-S  counters of the hardware, among them frames for other stations and frames that had no cable to go on
-P  the address it was made with
$ ethtool eth0
see ip(8)
@expand,unexpand 1 tabs to spaces and back
expand [-t N] [FILE]...
unexpand [-a] [-t N] [FILE]...
--
see tr(1), fold(1)
@expr 1 evaluate an expression
expr EXPRESSION
--
Numbers, comparisons, and STRING : REGEX, each word an argument of its own. Exit status 1 when the result is empty or 0.
$ expr 6 \* 7
see test(1), sh(1)
@factor 1 prime factors of numbers
factor [NUMBER]...
--
see seq(1), expr(1)
@file 1 guess what kind of file it is
file [-b] FILE...
--
Looks at the content, not at the name.
$ file /bin/ls wake
see stat(1), od(1)
@filefrag 8 where the blocks of a file lie
filefrag [-sv] FILE...
--
An extent is a run of blocks side by side; an arm that has to read many of them travels. What was not written yet has no place (delalloc); -s writes it first.
$ filefrag -v /etc/passwd
see disk(7), du(1), iostat(1)
@find 1 look for files in a tree
find [PATH]... [TESTS] [ACTIONS]
--
Tests: -name PATTERN, -type f|d|l, -size N, -mtime N, -newer FILE, -user NAME, -perm MODE, -empty, and -a -o ! ( ) between them. Actions: -print, -exec COMMAND {} \; or +, -delete, -prune, -printf FORMAT.
$ find / -name '*.log' -size +10k
$ find . -type f -exec grep -l TODO {} +
see ls(1), grep(1), xargs(1)
@findmnt 8 what is mounted where
findmnt [-alnrs] [-o COLUMNS] [-t TYPES] [DEVICE | DIRECTORY]
--
A tree of all mounts, or those asked for.
-s  what /etc/fstab has instead
-T PATH  the mount that PATH is on
see mount(8), df(1)
@flock 1 hold a lock while a command runs
flock [-sxunoF] [-w SECS] [-E STATUS] FILE COMMAND [ARG]...
flock [OPTIONS] FILE -c COMMAND
flock [OPTIONS] NUMBER
--
Locks the file (flock(2)), waiting until nobody else has it locked, and runs the command; the lock goes when it ends. With a NUMBER it locks an open descriptor of the shell, which keeps the lock until it is closed.
-s  a shared lock: others may have one too
-x  an exclusive lock (the default)
-n  do not wait; exit with 1 if somebody has it
-w SECS  wait so long at most
-E STATUS  exit with this instead of 1
-u  unlock
-o  close the file before running the command
$ flock -n /tmp/backup.lock backup
$ ( flock 9; echo one at a time ) 9>lock
see lslocks(8), lsof(8)
@fold 1 break long lines
fold [-s] [-w N] [FILE]...
--
-s  break at blanks
see cut(1), expand(1)
@fsck,fsck.ext4,e2fsck 8 check a file system
fsck [DEVICE]...
--
A journalled file system needs no repair after a power cut: mount(8) replays the journal, which takes no time. fsck says that it is clean.
see mount(8), mkfs(8), disk(7)
@free 1 how much memory is used
free [-bkmgh] [-s N]
--
-h  in units that people read
see top(1), ps(1), proc(5)
@fuser 1 who uses a file or a port
fuser [-amsuv] [-n file|tcp|udp] [-k [-i] [-SIGNAL]] NAME...
--
The pids of the processes that have a file open or work in a directory, or with -n tcp, or as 80/tcp, have a socket at a port: LOCAL,HOST,REMOTE. c is a current directory, e a program being run, r a root directory; with -v also F for open.
-v  a table with users and commands
-m  everything on the file system of NAME
-k  kill them: KILL, or the signal given
-i  ask first
-s  say nothing, only the exit status
$ fuser -v /dev/lp0
$ fuser -vm /mnt
$ fuser -k 8080/tcp
see lsof(8), kill(1)
@getent 1 what is known of a name
getent DATABASE [KEY]...
--
Looks names up as programs do, in the order of /etc/nsswitch.conf. DATABASE is hosts, ahosts, services, protocols, passwd, group or shadow. Exit status 2: something was not found.
$ getent hosts www.example.com
$ getent services 53/udp
see resolv.conf(5), id(1)
@getfacl 1 show the permissions of files as an access control list
getfacl [-cnpR] FILE...
--
This system keeps mode bits only, so the list is what they say: owner, group, others.
-c  no comments
-n  numbers, not names
-R  directories with all that is in them
see chmod(1), stat(1)
@getty 8 open a terminal and ask who is there
getty [--autologin USER] TTY
--
Started by init for each terminal; hands over to login. When your shell ends, init starts another getty.
see init(8), login(1)
@goals,hint,restart,status 6 words of the game
goals
hint
restart
status [cpu|procs|net]
--
goals prints the checklist, hint the next hint, restart begins the level anew, status what the panes show.
see help(1)
@grep,egrep,fgrep 1 print the lines that match
grep [-EFivclnrwxoqsh] [-A N] [-B N] [-C N] PATTERN [FILE]...
--
PATTERN is a basic regular expression; with -E an extended one, with -F plain text. Takes time in proportion to the text, whatever the pattern. Exit status 0: found, 1: not found, 2: trouble.
-i  case does not matter
-v  the lines that do not match
-c  only how many
-l  only the names of files
-n  with line numbers
-r  directories with all that is in them
-o  only the part that matches
$ grep -rn ON /srv/plant
see sed(1), awk(1), find(1)
@groups 1 the groups of a user
groups [USER]...
--
see id(1)
@head 1 the first lines of files
head [-n N] [-c N] [FILE]...
--
-n N  that many lines (10); -n -N all but the last N
-c N  that many bytes
see tail(1), sed(1)
@help 1 what can be typed, in short
help [NAME]
--
see man(1)
@heap 1 make the allocations of a script
heap [-nv] [-p FIT] [-o ORDER] [-l SIZES] [-m SIZE] [-e CALLS | FILE]...
--
Plays the calls of a script, one on each line or separated by ;, on a heap of its own: malloc NAME SIZE, calloc, realloc, free NAME, strcpy NAME TEXT, memset NAME COUNT, show, sleep TIME. A strcpy or memset that is too long overwrites what lies behind, as it would in any program.
show prints each block as its header in memory says: address, used, free or top, size with the header, name; then how many are used and free, and the largest free one.
-e CALLS  make these calls instead of reading a script
-p FIT  which free block is taken: first, best, worst, next
-o ORDER  free lists by address, size+, size-, or to the front or back
-l SIZES  segregated lists with these upper bounds; 0 for one list
-n  do not merge free neighbours
-m SIZE  the heap grows no further, and large blocks get no pages of their own
-v  print every call and what it returned
Exit status 1: an allocation returned NULL. 134: the heap was corrupted, and malloc or free noticed.
$ heap -e 'malloc a 100; malloc b 20; free a; show'
$ heap -v -m 4K -p worst plan
see malloc(3), leak(1), hog(1)
@hog 1 hold memory
hog [-l] SIZE [SECONDS]
--
Maps SIZE bytes, writes to each page once and keeps them. -l locks them in RAM.
see spin(1), free(1), leak(1)
@host 1 look a name or an address up in DNS
host [-av] [-t TYPE] [-p PORT] [-W SECONDS] NAME [SERVER]
--
Says what DNS knows of a name, a sentence a record. Exit status 1: there is no such name, or nobody answers.
-t TYPE  only records of this type
-a  everything, in full
-l  all hosts of a zone
$ host www.example.com
$ host 192.0.2.1
see dig(1), nslookup(1)
@httpd 8 web server
httpd [-X] [-t] [-f FILE] [-p PORT] [-d DIRECTORY]
--
Serves files of /var/www/html, or what /etc/httpd/httpd.conf says, in Apache's words: Listen, DocumentRoot, DirectoryIndex, Options Indexes, <VirtualHost> with ServerName and ServerAlias, ScriptAlias, Alias, Redirect, ErrorDocument, CustomLog. Programs in /usr/lib/cgi-bin are run. SIGHUP reads the configuration and opens the logs again.
-X  stay in the foreground
-p PORT  listen there only
-d DIRECTORY  serve this one, with listings
$ httpd -X -p 8080 -d .
see curl(1), systemctl(1)
@inotifywait 1 wait until something happens to files
inotifywait [-mrqc] [-e EVENT]... [-t SECS] [--format FMT] FILE...
--
Ends after one event, or with -m goes on. Events: access modify attrib close_write close_nowrite close open moved_to moved_from move move_self create delete delete_self unmount. Exit status 0: an event came, 2: none in the time given.
-m  go on listening
-r  directories with all that is in them
-e EVENT  only these
-t SECS  give up after so long
-q  only events
--format FMT  %w watched file, %f file in it, %e events, %T time (with --timefmt)
$ inotifywait -m -e close_write,moved_to /srv/in
see flock(1), find(1)
@ipcmk 1 make shared memory
ipcmk -M SIZE [-p MODE]
--
Makes a System V segment and prints its id. It stays until somebody removes it.
$ ipcmk -M 64K -p 600
see ipcs(1), ipcrm(1)
@ipcrm 1 remove shared memory
ipcrm [-m ID] [-M KEY] [-a]
--
A segment that somebody still has attached lives on without a key, until the last one lets go of it.
see ipcs(1), ipcmk(1)
@ipcs 1 what memory processes share
ipcs [-m] [-t | -p | -c | -l | -u] [-i ID]
--
Lists System V segments: key, id, owner, size and how many have it attached (nattch). -p shows who made it and who touched it last, -t when, -i everything about one.
see ipcrm(1), ipcmk(1), pmap(1)
@ip 8 show and change interfaces, addresses, routes and neighbours
ip [-4] [-br] [-o] [-s] [-d] [-j] address [show [dev IFACE] | add ADDR/LEN dev IFACE | del ADDR/LEN dev IFACE | flush dev IFACE]
ip link [show [IFACE] | set IFACE up|down|mtu N|address MAC|master BRIDGE|name NAME | add NAME type bridge|vlan|dummy|veth | del NAME]
ip route [show | add PREFIX via GATEWAY [dev IFACE] [metric N] | del PREFIX | replace ... | get ADDR | flush PREFIX]
ip neigh [show | add ADDR lladdr MAC dev IFACE | del ADDR dev IFACE | flush dev IFACE]
ip rule [list | add from PREFIX table N | del pref N]
ip maddress [show [dev IFACE]]
ip monitor [link | address | route | neigh] [label]
--
The objects and their commands can be shortened as long as they are understood: ip a, ip r, ip n, ip l s.
address: what the machine is called on a link. An address brings the route to its network with it; several addresses of one network are primary and secondary.
link: interfaces. UP is the administrator's wish, LOWER_UP (state UP) says that there is a cable with somebody at its other end.
route: where packets go. The longest prefix wins, then the lowest metric. A gateway has to be on a link. get asks the kernel what it would do. The types unreachable, blackhole and prohibit end packets, with an error or without; throw goes on to the next rule.
neigh: the ARP cache. REACHABLE was confirmed lately, STALE was not; DELAY and PROBE ask again, INCOMPLETE asks for the first time, FAILED had no answer, PERMANENT was set by hand.
rule: which routing table is looked into, in the order of the numbers.
maddress: the multicast groups that interfaces listen to.
monitor: changes, as they happen.
-4  only IPv4
-br  a line for each
-o  a record on one line
-s  counters, ages
-d  details
-j  JSON
-b FILE  commands from a file
What the kernel refuses ends with status 2, what ip does not understand with 1 or 255. Only root changes anything.
$ ip -br addr
$ ip addr add 10.0.0.2/24 dev eth0 && ip link set eth0 up
$ ip route add default via 10.0.0.1
$ ip route get 8.8.8.8
$ ip link add link eth0 name eth0.5 type vlan id 5
see bridge(8), ifup(8), ss(8), why(1)
@iptables 8 administer the packet filter and NAT
iptables [-t TABLE] -A|-D|-C CHAIN RULE
iptables [-t TABLE] -I CHAIN [NUMBER] RULE
iptables [-t TABLE] -R CHAIN NUMBER RULE
iptables [-t TABLE] -D CHAIN NUMBER
iptables [-t TABLE] -L|-S|-F|-Z [CHAIN [NUMBER]] [-nvx] [--line-numbers]
iptables [-t TABLE] -N|-X CHAIN
iptables [-t TABLE] -P CHAIN ACCEPT|DROP
iptables [-t TABLE] -E OLD NEW
--
A table has chains, a chain has rules. The first rule of a chain that a packet matches and that has a deciding target decides; a packet that no rule decides gets the chain's policy. filter (unless -t says otherwise) has INPUT, FORWARD and OUTPUT. nat has PREROUTING, INPUT, OUTPUT and POSTROUTING and sees only the first packet of each connection. mangle and raw are there, too.
-A, -I, -R, -D, -C  append, insert, replace, delete a rule; check whether it is there
-L, -S  list for people, or as commands; -n in numbers, -v with counters and interfaces, -x exactly
-F, -Z  delete all rules; zero the counters
-N, -X, -E, -P  make, delete, rename a chain; set a policy
-p PROTO  protocol; then also --sport, --dport PORT[:PORT], --tcp-flags MASK SET, --syn, --icmp-type TYPE
-s, -d ADDRESS[/LENGTH]  source, destination
-i, -o NAME[+]  interface a packet came in by, goes out by
-m conntrack  --ctstate: some of NEW, ESTABLISHED, RELATED, INVALID, UNTRACKED, SNAT, DNAT; also --ctorigdst, --ctorigdstport …
-m multiport  --dports 80,443,8000:8010: up to 15 ports
-m limit  --limit 5/min --limit-burst 5: at most so many
-m statistic  --mode random --probability 0.3: by chance; --mode nth --every N --packet P: every so many
-m NAME  other matches: addrtype, comment, iprange, length, mac, state, ttl
-j ACCEPT, DROP, RETURN, CHAIN  let through, drop, go back, go on in a chain (-g: without coming back)
-j REJECT  drop and tell the sender; --reject-with icmp-port-unreachable, tcp-reset …
-j LOG  [--log-prefix TEXT] [--log-level LEVEL]: write a line to the kernel's log, see dmesg(1)
-j MASQUERADE  nat: the address of the interface it leaves by; --random, --random-fully, --to-ports A-B
-j SNAT  nat: another source; --to-source IP[-IP][:A-B]
-j DNAT  nat: another destination; --to-destination IP[:PORT]
-j REDIRECT  nat: to this machine; --to-ports PORT
-j TTL, TCPMSS, NOTRACK, CT  in mangle and raw
! before an option means the opposite. Exit status: 1 if refused, 2 for bad usage, 3 for a table that is not there, 4 if the kernel says no.
$ iptables -A INPUT -i eth0 -p tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
$ iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE
$ iptables -t nat -A PREROUTING -i eth1 -p tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80
$ iptables -L -n -v --line-numbers
see iptables-save(8), iptables-restore(8), conntrack(8)
@iptables-restore 8 load rules from a file
iptables-restore [-cnt] [-T TABLE] [FILE]
--
Reads what iptables-save writes. A table is replaced as a whole at its COMMIT, or not at all. On boot /etc/iptables/rules.v4 is loaded, if it is there.
-c  take the counters, too
-n  keep the rules that are there
-t  only look whether it is right
-T TABLE  only that table
$ iptables-restore < /etc/iptables/rules.v4
see iptables(8), iptables-save(8)
@iptables-save 8 write rules to a file
iptables-save [-c] [-t TABLE] [-f FILE]
--
Writes all tables in use, each ended by COMMIT, for iptables-restore.
-c  with counters
-t TABLE  only that table
$ iptables-save > /etc/iptables/rules.v4
see iptables(8), iptables-restore(8)
@leak 1 forget to free memory
leak [-f] [-s SIZE] [-n TIME] [-c COUNT] [-r RESERVE]
--
Allocates memory and uses it, 1 KiB every second by default, and never frees it.
-s SIZE  so much each time
-n TIME  that often
-c COUNT  leak no more after so many times, but stay
-f  free it each time after all
-r RESERVE  first ask for RESERVE bytes and never touch them: VSZ grows, RSS does not
$ leak -s 4K -n 0.1 -r 1M &
see ps(1), heap(1), malloc(3)
@hostname 1 show or set the machine's name
hostname [-I | -i | -f | -s | -d] [NAME]
--
-I  the addresses of all interfaces
-i  the addresses of the name
-f  the name with its domain
see uname(1)
@id 1 who you are: user and groups
id [-ugGn] [USER]
--
$ id -un
see whoami(1), groups(1), credentials(7)
@ifconfig 8 show and configure interfaces, the older way
ifconfig [-a] [-s] [IFACE]
ifconfig IFACE [ADDR[/LEN]] [netmask MASK] [broadcast ADDR] [mtu N] [hw ether MAC] [[-]promisc] [[-]arp] [up | down]
--
Without arguments the interfaces that are up. An address without a mask gets that of its class. IFACE:N is another address of an interface.
-a  also those that are down
-s  a line for each
$ ifconfig eth0 10.0.0.2/24 up
see ip(8), route(8)
@inetd 8 listen for other programs
inetd [-d] [FILE]
--
Listens on the ports of /etc/inetd.conf and starts what is to answer. A line is: service stream|dgram tcp|udp wait|nowait user program arguments. The program internal stands for what it does itself: echo, discard, chargen, daytime, time.
-d  stay in the foreground, and say what is wrong
$ echo 'echo stream tcp nowait root internal' > /etc/inetd.conf
see nc(1), systemctl(1)
@init 8 process 1
init
--
Starts what /etc/inittab says and the services of the default target, adopts every orphan and reaps it when it ends, keeps the journal. Signals that it does not handle do nothing to it, not even KILL.
see getty(8), systemctl(1), signal(7)
@install 1 copy files and set their modes
install [-m MODE] [-o OWNER] [-g GROUP] [-d] FILE... DEST
--
see cp(1), chmod(1)
@iostat 1 what the disks and the cores did
iostat [-cdxkmtyz] [DEVICE]... [INTERVAL [COUNT]]
--
The first report is about the time since boot, each further one about an INTERVAL of seconds. tps: requests a second.
-x  more: requests merged (rrqm), milliseconds that one took (await), how many there were at once (aqu-sz), how much of the time the disk was busy (%util)
$ iostat -x sda 1 5
see sar(1), vmstat(8), disk(7)
@kill 1 send a signal to a process
kill [-s SIGNAL | -SIGNAL] PID...
kill -l [NUMBER]
--
TERM by default: a request to end. A PID below 0 means a process group, -1 everybody you may signal. Signal 0 only asks whether the process is there. In the shell, %1 means a job.
-l  the names of the signals
$ kill -STOP 41; kill -CONT 41
$ kill -9 41
see pkill(1), killall(1), ps(1), signal(7)
@killall 1 send a signal to all processes of a name
killall [-SIGNAL] [-iqve] [-u USER] NAME...
--
Exit status 1 when nobody has that name. A name is not an identity: look with ps first.
see kill(1), pkill(1)
@less,more 1 read a text page by page
less [-NSRF] [+N | +F] [FILE]...
--
space and b go a page on and back, g and G to the beginning and the end, / searches, n goes on searching, q quits, h shows all keys.
-N  line numbers
-S  cut long lines
$ ps aux | less
see man(1), tail(1), cat(1)
@ln,link 1 another name for a file
ln [-sfnv] TARGET [NAME]
link FILE NAME
--
A hard link is a second name of the same inode. A symbolic link (-s) is a file that holds a path.
-s  a symbolic link
-f  replace what has that name
see readlink(1), stat(1), cp(1)
@login 1 begin a session
login [-f] [USER]
--
Asks for the password, sets user, groups and environment, and becomes your shell.
see getty(8), su(1), passwd(1)
@logname 1 the name you logged in with
logname
--
see whoami(1)
@lp,lpr 1 print files
lp [-n COPIES] [-t TITLE] [-s] [FILE]...
lpr [-# COPIES] [-J TITLE] [-r] [FILE]...
--
Sends files or standard input to the spooler, lpd(8), which prints them one after the other.
-n COPIES  how many
-t TITLE  what lpq calls it
$ ps aux | lpr -J processes
see lpq(1), lprm(1), lpd(8), lp(4)
@lp0,lp 4 the line printer
/dev/lp0
/proc/driver/lp0/status
/proc/driver/lp0/tray
/proc/driver/lp0/panel
--
One process at a time has it open: the next gets "Device or resource busy". It prints a fixed number of characters a second; whoever writes faster waits. A page has 66 lines, or ends at a form feed. Without paper or off-line it stands still, and writers wait.
status says what it does, tray holds what was printed. Root presses the buttons of the panel: online, offline, reset (forget what is in the buffer), empty (the tray), paper N.
$ cat /proc/driver/lp0/status
$ echo paper 50 > /proc/driver/lp0/panel
see lpd(8), fuser(1)
@lpd 8 the print spooler
lpd [-t SECS]
--
Keeps the queue in /var/spool/lpd and prints one job after the other on /dev/lp0. While somebody else has the printer open it tries again every five seconds. It is the service lpd.
-t SECS  how often to try again
$ systemctl start lpd
see lp(1), lpq(1), lp0(4), systemctl(1)
@lpq 1 show the print queue
lpq
--
The job that is being printed has the rank active. "waiting for lp0" means that somebody else has the printer open.
see lp(1), lprm(1), fuser(1)
@ls,dir,vdir 1 list directories
ls [-laAdFhinrRStu1] [FILE]...
--
-l  one line each: mode, links, owner, group, size, time, name
-a  names that begin with a dot, too
-h  sizes in units that people read
-t -S  by time, by size
-r  the other way round
-R  directories below, too
-d  a directory itself
$ ls -la ~
see stat(1), find(1), chmod(1)
@lsblk 8 the disks there are
lsblk [-abdfilnpr] [-o COLUMNS] [DEVICE]...
--
-f  which file systems lie on them
see blkid(8), mount(8), disk(7)
@lslocks 8 list the file locks
lslocks [-bnru] [-o COLUMNS] [-p PID]
--
A * after the mode marks who waits. BLOCKER is for whom.
-o COLUMNS  COMMAND PID TYPE SIZE INODE MAJ:MIN MODE M START END PATH BLOCKER; +X adds one
$ lslocks -o +BLOCKER
see flock(1), lsof(8)
@lsof 8 list open files
lsof [-atUlnP] [-i[tcp|udp][@HOST][:PORTS]] [-p PIDS] [-u USERS] [-c COMMAND] [-d FDS] [+D DIR] [NAME]...
--
A line for each file that a process has. FD is cwd, rtd (root), txt (the program) or a descriptor with r, w or u (both) and a lock: r or w of a part, R or W of the whole file. Selections add up; with -a all must hold. A name that is a mount point stands for everything on it.
-p PIDS  processes
-u USERS  users
-c COMMAND  commands that begin so, or match /REGEX/
-d FDS  descriptors: 0-2,cwd
+D DIR  what is open below a directory
-t  only pids, for kill
-U  sockets of the local kind
-i  sockets of the network; -sTCP:LISTEN only in these states
-n -P  no names of hosts and ports
$ lsof -p 1
$ lsof -nPi :80
$ kill $(lsof -t /srv/log)
see fuser(1), lslocks(8), ss(8)
@man,apropos,whatis 1 the manual
man [SECTION] NAME
man -k WORD
--
Section 1 is commands, 5 files, 6 the game, 7 ideas, 8 the system. space scrolls, q quits.
-k  which pages are about WORD
$ man 7 signal
see help(1), less(1)
@memwalk 1 touch memory in a pattern
memwalk [-p HOW] [-s STRIDE] [-w PERCENT] [-t CYCLES] [-n N | -T TIME] [-e TIME] SIZE
--
Maps SIZE bytes and touches them again and again: in a loop, at random, zipf (few pages often), hot (nine of ten accesses to the first tenth) or once. -w says how many accesses write, -t how much it computes in between, -m FILE and -S map a file, or share it. -k keeps the memory afterwards. With -e it reports accesses a second: see the rate fall when the pages no longer fit into memory.
$ memwalk -e 1 -p loop 3M
see hog(1), vmstat(8), pmap(1)
@mkdir 1 make directories
mkdir [-pv] [-m MODE] DIRECTORY...
--
-p  with missing parents; no complaint if it is there
see rmdir(1), ls(1)
@mkfifo 1 make a named pipe
mkfifo [-m MODE] NAME...
--
Who opens it to read waits for a writer, and the other way round.
see pipe(7), mknod(1)
@mkfs,mkfs.ext4,mke2fs 8 make a file system on a disk
mkfs -t ext4 DEVICE
mkfs.ext4 [-qFn] [-L LABEL] [-N INODES] [-U UUID] DEVICE
--
What was on the device is gone.
$ mkfs.ext4 -L data /dev/sdb && mount /dev/sdb /mnt
see mount(8), lsblk(8)
@mknod 1 make a special file
mknod [-m MODE] NAME p
mknod [-m MODE] NAME b|c|u MAJOR MINOR
--
p is a named pipe, which anybody may make. Devices are root's: b is one of blocks, c (or u) one of characters, and the numbers say which.
see mkfifo(1)
@mkswap 8 prepare a place to swap to
mkswap [-L LABEL] [-U UUID] DEVICE|FILE [KIB]
--
Writes the header that swapon looks for. A file must have no holes: make it with dd, and let nobody else read it.
$ dd if=/dev/zero of=/swapfile bs=1M count=4; chmod 600 /swapfile; mkswap /swapfile
see swapon(8), swapoff(8)
@mount,umount 8 put file systems into the tree, and take them out
mount [-l] [-t TYPE]
mount -a
mount [-o OPTIONS] [-t TYPE] DEVICE DIRECTORY
mount --bind OLD NEW
umount [-lRr] DIRECTORY | DEVICE
--
Without operands: what is mounted. DEVICE may be LABEL=… or UUID=…; with one operand the rest comes from /etc/fstab, and -a mounts all that is there. Types: ext4, tmpfs (size=, mode=), proc, sysfs, devtmpfs.
-o OPTIONS  ro, rw, noexec, nosuid, nodev, noatime, sync, usrquota; remount changes a mount there is, bind,ro only this view of it
umount first brings everything to the disk. It says "target is busy" as long as somebody is inside, has a file open or mounted something there: lsof(8) and fuser(1) say who. -l takes it out of sight at once.
$ mount -o remount,ro /srv
see findmnt(8), mkfs(8), df(1), disk(7)
@mktemp 1 make a temporary file
mktemp [-d] [-u] [-p DIR] [TEMPLATE]
--
Prints the name. -d makes a directory.
$ work=$(mktemp -d)
see rm(1)
@mv 1 move or rename files
mv [-ifnuvt] SOURCE... DEST
--
With several sources DEST must be a directory. Within a file system only the name moves.
-i  ask before overwriting
-n  never overwrite
$ mv inv-* out/
see cp(1), rm(1)
@named 8 name server
named [-fg] [-c FILE] [-p PORT]
--
Answers with authority for the zones of /etc/bind/named.conf, which it reads from master files, and finds everything else for those who may ask it to: from the root down, or through forwarders. What it learns it keeps for as long as the records say, also that there is nothing (RFC 2308). SIGHUP reads configuration and zones again; a zone with errors is refused, with a line in the journal, and the old one stays.
-c FILE  another configuration
-f  stay in the foreground
-g  the same, and log to standard error
$ systemctl reload named
$ named-checkzone example.com /etc/bind/db.example.com
see dig(1), named-checkconf(1), resolv.conf(5)
@named-checkconf,named-checkzone 1 look for mistakes in a name server's files
named-checkconf [-z] [FILE]
named-checkzone [-q] ZONE FILE
--
Read named's configuration, or a zone's master file, as named would, and say what is wrong. Exit status 1 if something is.
-z  the zones that the configuration names, too
$ named-checkconf -z
see named(8)
@nano 1 edit a text
nano [+LINE] [FILE]
--
ctrl+o writes, ctrl+x leaves, ctrl+w searches, ctrl+k cuts a line and ctrl+u puts it back, ctrl+g helps.
see less(1), sed(1)
@nc 1 talk over a socket, listen, and try ports
nc [-46bCDdknNuvz] [-w SECS] [-q SECS] [-i SECS] [-p PORT] [-s ADDRESS] [-T TOS] [-M TTL] HOST PORT
nc -l [-kuvN] [HOST] PORT
nc -U [-lkuvz] PATH
--
What is typed goes to the socket, what comes from it is shown. PORT is a number, a service's name or a range LOW-HIGH. Without -N or -q it goes on receiving after the end of input. Exit status 1: no connection.
-l  listen, instead of connecting
-k  go on listening after a connection
-u  UDP
-U  a socket of the local kind, named by a path; one that begins with @ is an abstract name
-z  only see whether somebody listens, and close
-v  say what happens
-n  no names
-w SECS  give up connecting, or when nothing comes, after so long
-q SECS  end so long after the end of input
-N  at the end of input tell the other end
-p PORT, -s ADDRESS  where to connect from
$ nc -zv 10.0.0.2 20-25
$ nc -l -p 7000 > file
$ echo hello | nc -u -w 1 10.0.0.2 9000
see ss(8), nmap(1), lsof(8)
@netstat 8 sockets, routes, interfaces and counters, the older way
netstat [-a | -l] [-t] [-u] [-w] [-x] [-n] [-p] [-e] [-o]
netstat -r [-n]
netstat -i
netstat -s
netstat -g
--
Without options the open sockets that are connected.
-a  all sockets
-l  those that wait for somebody
-t  TCP
-u  UDP
-w  raw
-x  local sockets
-n  numbers instead of names
-p  whose they are
-r  the routing table
-i  interfaces
-s  what was counted, by protocol
-g  groups that were joined
$ netstat -tulpn
$ netstat -rn
see ss(8), ip(8)
@nice,renice 1 start or set a process with less, or more, claim to CPU time
nice [-n N] [COMMAND [ARG]...]
renice [-n] N [-p] PID... | -g PGRP... | -u USER...
--
From -20 (wants all) to 19 (takes what is left). Each step is some 10 % of CPU time against the others. Only root goes down.
$ renice -n 19 -p 41
see ps(1), top(1), spin(1)
@nmap 1 see who is there, and which ports are open
nmap [-sn | -sL | -sS | -sT | -sU] [-Pn] [-n] [-F] [-p PORTS] [--top-ports N] [--open] [--reason] TARGET...
--
Finds hosts (neighbours by ARP, others by an echo and two usual ports) and tries their ports: root's by SYNs that are never answered (-sS), others' by connect(2) (-sT). open: somebody listens; closed: nobody does; filtered: no answer, or a router said no; open|filtered: UDP, and silence. Targets are names, addresses, 10.0.0.0/24, 10.0.0.1-20. More than 25 ports in one state are only counted.
-sn  only hosts, no ports
-sU  UDP
-Pn  take every host for up
-p PORTS  22,80,8000-8010,U:53
--open  only open ones
$ nmap -sn 10.0.0.0/24
$ nmap -p 1-1024 10.0.0.2
see nc(1), ping(8), arping(8)
@nl 1 number lines
nl [-ba] [-w N] [FILE]...
--
see cat(1)
@nohup 1 run a command that outlives the terminal
nohup COMMAND [ARG]...
--
Ignores HUP; output goes to nohup.out when it would go to the terminal.
see signal(7), sh(1)
@nslookup 1 look names up, also in conversation
nslookup [-type=TYPE] [-port=N] [-timeout=S] [NAME [SERVER]]
--
Asks a name server for the addresses of NAME, or for what -type says. Without a name it takes lines: a name, server NAME, set type=TYPE, exit.
$ nslookup -type=mx example.com
see dig(1), host(1)
@nstat 8 counters of the network
nstat [-ajnprsz] [PATTERN]...
--
The counters of /proc/net/snmp and /proc/net/netstat that grew since it was last called; it remembers what they were in /tmp/.nstat.uUID, or where NSTAT_HISTORY says.
-a  since the machine was switched on
-z  those too that did not grow
-s  remember nothing
-r  forget what was remembered
-n  only remember
-j  as JSON (-p: for people)
$ nstat -az 'TcpExt*'
see ss(8), netstat(8)
@pmap 1 what lies where in a process's memory
pmap [-x | -d] [-q] [-p] PID...
--
-x  resident and dirty memory of each mapping too
-d  offset and device
The text is the program's file; [ anon ] is data, heap and what was mapped; [ stack ] grows by itself.
see proc(5), free(1), vmstat(8)
@punch 1 reach a peer behind a NAT
punch -s SERVER -n NAME --listen [OPTION]...
punch -s SERVER -n NAME --peer NAME [OPTION]...
punch --to ADDRESS:PORT -p PORT [OPTION]...
punch --discover -s SERVER
--
UDP hole punching (RFC 5128). Both sides register with a rendezvous server, which tells each where it sees the other. Both then send probes there, and to where the other is at home. A probe that goes out opens one's own NAT for what comes back, and an answer to a probe proves that both ways work. If no probe is answered the server relays. With --discover it says what kind of NAT is in between, as RFC 5780 tests it.
-s SERVER  the rendezvous server, or with --discover a STUN server
-n NAME  what to register as
-l  wait until somebody calls
-c NAME  call that peer
-t ADDRESS:PORT  do without a server
-p PORT  the local port
--delay MS  begin to probe so much after hearing of the peer
--interval MS, --tries N  how often, how many rounds of probes
--no-relay  do not fall back to the relay
-m TEXT  send it once there is a way
--linger MS, -k  go on answering for so long, or until killed; with -l, -k takes one call after the other
-q  say only what the peer sends
Exit status: 0 if the peer answers directly, 3 only through the relay, 1 not at all.
$ punch -s 203.0.113.10 -n alice --peer bob -m 'hello bob'
$ punch --discover -s 203.0.113.10
see rendezvousd(8), stund(8), iptables(8), conntrack(8)
@rendezvousd 8 introduce peers to each other
rendezvousd [-d] [-p PORT] [--no-relay]
--
The server that punch registers with. It tells peers where it sees them and, for those who find no way, passes on what they say, 64 KiB a second for each. Messages are lines of text in UDP datagrams; tcpdump -A shows them.
-d  go on in the background
-p PORT  the UDP port, 3480 by default
--no-relay  introduce only
see punch(1), stund(8)
@resolv.conf,hosts,nsswitch.conf 5 where names are looked for
/etc/nsswitch.conf
/etc/hosts
/etc/resolv.conf
--
The line "hosts:" of nsswitch.conf says who is asked for a host's address, in order: files is /etc/hosts, dns the name servers of resolv.conf. [NOTFOUND=return] behind one ends the search there. A number is never looked up.
/etc/hosts has lines of an address, a name and other names for it.
resolv.conf has up to three lines "nameserver ADDRESS", a line "search DOMAIN..." of endings that are tried for names without a dot, and "options" as ndots:N, timeout:SECONDS and attempts:N. dhclient writes it.
see dig(1), dhclient(8), named(8)
@ripd 8 tell routers of one another's networks
ripd [-d] [-t] [-f FILE]
--
RIP version 2 (RFC 2453): every 30 seconds, and soon after a change, each router tells its neighbours which networks it reaches in how many steps; 16 is out of reach. What it learns it puts into the kernel's routing table (proto rip). /etc/ripd.conf has a section "router rip" with network, passive-interface, redistribute connected|static, default-information originate, neighbor and timers basic. SIGUSR1 writes the table to the journal.
-d  go to the background
$ ip route show proto rip
see ip(8), sysctl(8)
@route 8 show and change the routing table, the older way
route [-n] [-e]
route add [-net | -host] TARGET[/LEN] [netmask MASK] [gw GATEWAY] [metric N] [reject] [dev IFACE]
route del [-net | -host] TARGET[/LEN] [gw GATEWAY] [dev IFACE]
--
Flags: U up, G by a gateway, H a single host, ! unreachable.
-n  numbers instead of names
-e  as netstat -r shows it; -ee everything
$ route -n
$ route add default gw 10.0.0.1
see ip(8)
@rsyslogd 8 log files, and logs of other machines
rsyslogd [-n] [-N 1] [-f FILE]
--
Writes what is in the journal to the files that /etc/rsyslog.conf names ("mail.*;auth.none /var/log/mail"), passes it on to other machines ("*.* @loghost") and takes theirs, with input(type="imudp" port="514"). A template makes a file for each sender: $template R,"/var/log/%HOSTNAME%.log" and "*.* ?R". SIGHUP closes the files.
-n  stay in the foreground
-N 1  only look whether the configuration is right
$ logger -n loghost -d -t test hello
see logger(1), journalctl(1)
@setsid 1 run a program in a new session
setsid [-cfw] PROGRAM [ARG]...
--
The program has no terminal then, so that no key and no end of the session reaches it. Who leads a process group cannot begin a session; setsid forks then, and with -w waits.
-c  the terminal that is standard input becomes its own
-f  fork in any case
-w  wait for the program and end with its status
see nohup(1), ps(1)
@strace 1 watch a process's system calls
strace [-fcCwrtTnyvxqzZ] [-e EXPR]... [-o FILE] [-s N] [-a N] [-S KEY] [-P PATH]... PROG [ARG]...
strace [OPTION]... -p PID...
--
Runs PROG, or attaches to running processes, and prints each system call with its arguments and what it returned, and each signal. ^C lets an attached process go. The process stops twice at every call, so it runs several times slower; see --seccomp-bpf.
-p PID  attach to a process of yours (root: to any); more than once, or a list
-f  follow children; -ff with -o FILE gives each process FILE.PID
-e EXPR  trace=SET, signal=SET, status=failed …; SET is names, %file %process %signal %desc %memory %network, /REGEX, all or none, with ! in front all others
-e inject=SET:error=E  let calls of SET fail with the errno E (:retval=N: return N) without making them; :when=3 the third, :when=2+ from the second on, :when=1+2 every other
--seccomp-bpf  with -f: stop at the calls that -e trace names and at no others, so that the rest costs nothing
-P PATH  only calls that touch PATH
-c  count calls, errors and time instead; -w counts the time they took and not the CPU time; -S calls sorts by calls
-t, -tt, -r, -T  when: to the second, the microsecond, since the last; and how long it took
-y  what descriptors are; -s N shows N bytes of a string, not 32; -v whole structures; -x in hexadecimal
-o FILE  write there, not on standard error
A call that a signal ends reads ? ERESTARTSYS; one that another process's line cuts reads <unfinished ...> and goes on as <... resumed>.
$ strace -f -e trace=%process sh -c 'ls | wc -l'
$ strace -c ls -l
$ strace -p 41
see ltrace(1), personality(7), signal(7), proc(5)
@ltrace 1 watch a process's library calls
ltrace [-fcSLbrtT] [-e FILTER] [-n NR] [-o FILE] [-s N] [-a N] [-p PID]... [command [ARG]...]
--
Prints the calls that a program makes into its C library, and what they return. Below a library call there may be system calls, or none: malloc(3) asks the kernel for memory only now and then.
-S  system calls too, nested in what makes them
-e FILTER  NAME+NAME, or -NAME for all but that; * stands for anything
-n NR  indent by NR for each call that is inside another
-c  count calls and time, and print a table
-f, -p PID, -o FILE, -s N, -t, -T  as for strace
$ ltrace -S sort /etc/passwd
$ ltrace -c ls
see strace(1), malloc(3)
@readelf 1 what the file of a program says of itself
readelf -h FILE...
--
Prints the header of a program: OS/ABI is the kind of kernel that it was built for.
see file(1), ldd(1), personality(7)
@ldd 1 the libraries a program is linked with
ldd FILE...
--
Prints which file the loader would take for the C library of each program. What is "statically linked" has it built in. The loader looks in the directories of LD_LIBRARY_PATH, in those that the program names itself, and in /lib.
$ LD_LIBRARY_PATH=/opt/lib ldd ./count
see readelf(1), personality(7)
@nproc,arch 1 how many processors, and of what kind
nproc [--all] [--ignore=N]
arch
--
nproc counts the processors it may run on itself; with --all, all there are.
see uname(1), lscpu(1), taskset(1)
@lscpu 1 what processors there are
lscpu [-e | -p | -J] [-x]
--
-e  a table with a line for each core
-p  the same for programs
-J  as JSON
-x  the cores as a mask
see nproc(1), taskset(1)
@ss 8 sockets
ss [-nralopeimsHOTK] [-tuwx0] [-46] [-f FAMILY] [-A QUERY] [-F FILE] [state STATE] [EXPRESSION]
--
Connections; with -l who listens, with -a all. Recv-Q and Send-Q are bytes that wait to be read and to be acknowledged; of a listener, connections that wait to be accepted and how many may. A path, @ and an abstract name, or * and an inode number stand for an AF_UNIX socket.
-t -u -w -x -0  TCP, UDP, raw IP, AF_UNIX, AF_PACKET; without one all
-n  numbers, not names of services
-r  names of hosts
-p  which processes have it (-T with threads)
-o  its timer: on (retransmission), persist (a closed window is probed), keepalive, timewait; when it rings, how often it did
-e  user, inode, which directions are open
-m  memory: r and rb received and limit, t and tb sent and limit, w waiting
-i  the inside of TCP: congestion control, wscale, rto, rtt/variance in ms, mss, cwnd and ssthresh in segments, bytes and segments so far, retrans now/ever, lost
-s  a summary
-H -O  no header; one line a socket
-K  end the sockets that match
STATE is established, syn-sent, syn-recv, fin-wait-1, fin-wait-2, time-wait, closed, close-wait, last-ack, listening, closing, or all, connected, synchronized, bucket, big; "exclude STATE" leaves one out. EXPRESSION has dst and src ADDRESS[/LENGTH][:PORT], dport and sport with = != < > <= >=, dev; and, or, not and brackets.
$ ss -tulpan
$ ss -tin dst 10.0.0.0/8
$ ss -tan state time-wait
$ ss -tn '( dport = :ssh or sport = :ssh )'
see nc(1), lsof(8), netstat(8)
@stund 8 a STUN server
stund [-d] [-p PORT] [-o PORT] [ADDRESS [ADDRESS]]
--
Tells who asks from which address and port the question came (RFC 8489). With two addresses of its machine it also answers from the other address and port on request, which is what it takes to tell NATs apart (RFC 5780).
-d  go on in the background
-p PORT  the UDP port, 3478 by default
-o PORT  the other port, if there are two addresses
$ stund -d 203.0.113.10 203.0.113.11
see punch(1), rendezvousd(8)
@swapoff 8 stop swapping
swapoff [-a] [-v] [DEVICE|FILE]...
--
Everything that lies there is brought back first; if there is no room for it, nothing is done.
see swapon(8), mkswap(8)
@swapon 8 swap to a disk or file
swapon [-a] [-p PRIORITY] [--show] [DEVICE|FILE]...
--
Without arguments it lists what is in use. Pages that nobody used for a while go there when memory is short; vm.swap_policy chooses them (fifo, lru, clock, nru, random). Of several areas the one with the highest priority is used first. -a takes those of /etc/fstab.
To put a whole process away, write all, anon or file into /proc/PID/reclaim; it comes back page by page as it is used, or with in at once.
see mkswap(8), swapoff(8), free(1), vmstat(8), sysctl(8)
@ifup 8 bring interfaces up as /etc/network/interfaces says
ifup [-anv] [--force] [-i FILE] IFACE...
ifdown [-anv] [--force] [-i FILE] IFACE...
ifquery [--list | --state] [IFACE]...
--
ifup configures interfaces: address, MTU, default route, DHCP, and the commands the file has for them. ifdown undoes it. ifquery prints what the file has of an interface.
Which interfaces are configured is kept in /run/network/ifstate; one that is gets left alone unless --force is given. The service networking runs ifup -a at boot.
-a  all interfaces marked auto
-n  only show what would be done
-v  show what is done, as the commands that would do it
-i FILE  another file
--list  the interfaces marked auto
--state  the interfaces that are configured
$ ifdown eth0 && ifup eth0
$ ifup -nv eth0
see interfaces(5), ip(8), dhclient(8)
@ifdown 8 take interfaces down: see ifup
ifdown [-anv] [--force] [-i FILE] IFACE...
--
See ifup(8).
@ifquery 8 what /etc/network/interfaces has of an interface: see ifup
ifquery [--list | --state] [IFACE]...
--
See ifup(8).
@interfaces 5 how the interfaces are configured at boot
/etc/network/interfaces
--
A line "auto IFACE" marks interfaces for ifup -a. "iface IFACE inet METHOD" begins a stanza; the lines after it are its options. "source FILE" reads another file. Lines that begin with # say nothing.
METHOD is loopback, static, dhcp (dhclient asks for an address), or manual (nothing is configured).
address A/LEN, or address A and netmask M; gateway G, the default route; metric N; mtu N; hwaddress MAC.
pre-up, up, down, post-down COMMAND are run by sh, with IFACE and the options (IF_ADDRESS ...) in the environment. They may come several times. A command that fails keeps the interface from coming up. The scripts in /etc/network/if-pre-up.d, if-up.d, if-down.d and if-post-down.d are run too.
bridge_ports IFACE... makes the interface a bridge of those (none: of none); bridge_stp on lets it speak STP. An interface called eth0.10 is VLAN 10 of eth0.
$ cat /etc/network/interfaces
see ifup(8), ip(8)
@sysctl 8 parameters of the kernel
sysctl [-n] [-a] [-p FILE] [NAME[=VALUE]]...
--
Reads and sets the files below /proc/sys, with dots for slashes.
vm.overcommit_memory: 0 refuses only what could never be had, 1 nothing, 2 what is more than CommitLimit. vm.swap_policy: who is swapped out. vm.dirty_*: when the page cache is written.
$ sysctl -a | grep vm
$ sysctl vm.swap_policy=lru
see proc(5), swapon(8)
@taskset 1 on which cores a process may run
taskset MASK COMMAND [ARG]...
taskset -c LIST COMMAND [ARG]...
taskset -p[c] [MASK] PID
--
MASK is hexadecimal, a bit for each core; LIST is like 0,2-3. A process that is moved to another core finds its caches cold.
-p  show or change a process that runs already
-c  lists instead of masks
$ taskset -c 1 sort -n data
$ taskset -pc 0 41
see chrt(1), nproc(1), sched(7)
@chrt 1 real-time and other scheduling policies of a process
chrt [-f | -r | -o | -b | -i] PRIORITY COMMAND [ARG]...
chrt [-f | -r | -o | -b | -i] -p PRIORITY PID
chrt [-v] -p PID
chrt -m
--
Real-time processes (1 is the lowest priority, 99 the highest) run before all others; of each second at most 950 ms are theirs while others wait. Only root may make one.
-f  SCHED_FIFO: keeps the core until it sleeps or one of a higher priority wakes up
-r  SCHED_RR: the same, in turn with others of its priority
-o, -b, -i  SCHED_OTHER, SCHED_BATCH (preempts nobody), SCHED_IDLE (runs when nobody else would); PRIORITY is 0
-R  its children start as SCHED_OTHER
-T NS  with -o or -b: the slice it asks for, and how long it says its next burst takes
-m  the priorities there are
$ chrt -f 10 ./control
$ chrt -i -p 0 41
see nice(1), taskset(1), sched(7)
@assign 1 give a core to a process
assign
assign PID CORE
assign -d PID...
--
Under the scheduling policy "manual" you are the scheduler: a core computes for the process it was assigned to and for no other. Who has run only shortly since it last slept (a shell, a short command) needs no core of its own. Without arguments it shows whose each core is. On the CPU pane the same is done by key and mouse.
-d  take their cores away
$ assign 41 0
see sched(7), taskset(1), ps(1)
@od 1 bytes in numbers
od [-Acdox] [-t TYPE] [-j SKIP] [-N COUNT] [FILE]...
--
TYPE is a, c, or d o u x with a size, and z for characters beside it.
$ printf 'hi\n' | od -c
see cmp(1), file(1)
@passwd 1 change a password
passwd [USER]
--
The file with the passwords is root's; passwd may write it because it is setuid.
see su(1), credentials(7)
@paste 1 put lines side by side
paste [-s] [-d LIST] [FILE]...
--
-s  the lines of one file after another
$ seq 10 | paste -sd+
see cut(1), tr(1)
@pgrep,pkill 1 find or signal processes by what they are
pgrep [-fxlaonvc] [-u USER] [-P PPID] [PATTERN]
pkill [-SIGNAL] [-fxon] [-u USER] [-P PPID] [PATTERN]
--
PATTERN is an extended regular expression that the name has to match somewhere.
-x  the whole name
-f  the whole command line
-P  children of this process
-o -n  the oldest, the newest
$ pkill -STOP -x cellar
see ps(1), kill(1), killall(1)
@pidof 1 the pids of a program
pidof [-s] NAME...
--
see pgrep(1)
@ping 8 ask a host for an answer
ping [-c COUNT] [-i SECS] [-w DEADLINE] [-W SECS] [-s BYTES] [-t TTL] [-M do|dont|want] [-I DEVICE|ADDRESS] [-p PATTERN] [-l PRELOAD] [-abDfnOqv] HOST
--
Sends an echo request every second and tells of each answer, and at the end how many were lost and how long the way took. ctrl+c ends it, ctrl+\ shows how it goes. Exit status 0: somebody answered, 1: nobody did, 2: it could not be tried.
-c COUNT  so many
-i SECS  how often
-w DEADLINE  end after so long, whatever came
-W SECS  how long to wait for the last answer
-s BYTES  of data, 56 otherwise
-t TTL  time to live
-M do  do not let anybody cut the packets
-n  no names
-q  only the summary
-O  say when an answer is missing
-f  as fast as they come back, a point for each that does not
$ ping -c 3 10.0.0.1
$ ping -M do -s 1472 10.0.0.1
see traceroute(1), arping(8), why(1)
@printf 1 print by a format
printf FORMAT [ARGUMENT]...
--
%s text, %d number, %x hexadecimal, %c character, %% a percent sign; the format is used again while arguments are left.
$ printf '%-8s %3d\n' a 1 b 2
see echo(1)
@ps 1 which processes there are
ps [aux] [-ef] [-o COLUMNS] [-p PIDS] [-C NAME] [-u USER] [--forest] [--sort KEY]
--
STAT: R runs or could, S sleeps, T stopped, Z dead but not waited for; s leads a session, + in the foreground. PPID is the parent, TIME the CPU time used so far.
$ ps aux
$ ps -eo pid,ppid,stat,time,comm --sort=-time
see top(1), pstree(1), pgrep(1), proc(5)
@pstree 1 processes as a tree
pstree [-pauns] [PID | USER]
--
-p  with pids
-a  with arguments
-s  with the parents of PID
see ps(1)
@pwd 1 where you are
pwd [-LP]
--
-P  without symbolic links
see cd(1)
@quota,repquota,setquota,quotaon,quotaoff 1 how much of a disk a user may have
quota [-sv] [USER]...
repquota [-s] -a | DIRECTORY
setquota USER SOFT HARD FILES-SOFT FILES-HARD DIRECTORY
setquota -t SECONDS FILES-SECONDS DIRECTORY
quotaon | quotaoff [-vp] DIRECTORY
--
For file systems mounted with -o usrquota. The soft limit may be passed for a time of grace (seven days), the hard one never: EDQUOT, "Disk quota exceeded". Sizes are KiB, or 10M and the like; 0 is no limit. A * or + marks who is over.
see df(1), du(1), mount(8)
@readlink,realpath 1 where a link or path leads
readlink [-fem] FILE...
realpath [-ems] [--relative-to=DIR] FILE...
--
-f  all links followed; the last part need not exist
see ln(1), stat(1)
@rev,tac 1 lines backwards
rev [FILE]...
tac [FILE]...
--
rev turns each line round, tac prints the last line first.
see cat(1), sort(1)
@rm,unlink 1 remove files
rm [-rfivd] FILE...
unlink FILE
--
What is removed is a name; the file goes when it has none left and nobody has it open.
-r  directories with all that is in them
-f  no questions, no complaint about what is not there
-i  ask
see rmdir(1), mv(1)
@rmdir 1 remove empty directories
rmdir [-p] DIRECTORY...
--
see rm(1), mkdir(1)
@sar 1 what the machine did, from its records
sar [-u|-r|-b|-d|-w] [-i SECONDS] [-s HH:MM:SS] [-e HH:MM:SS]
sar [-u|-r|-b|-d|-w] INTERVAL [COUNT]
--
Without an INTERVAL: since boot, a line for every ten seconds. -u cores, -r memory, -b requests to disks, -d each disk, -w new processes and switches. The kernel keeps records of the last hour at least.
$ sar -d -s 09:01:00
see iostat(1), vmstat(8), uptime(1)
@sed 1 edit a stream of lines
sed [-nEi] 'SCRIPT' [FILE]...
--
s/RE/TEXT/ replaces (g all, p print), d deletes, p prints, q quits; a number, $ or /RE/ before a command says for which lines, two of them with a comma a range.
-n  print only what p prints
-E  extended regular expressions
-i  change the file itself
$ sed -n 5,10p file
$ sed 's/old/new/g' file
see grep(1), awk(1), tr(1)
@seq,yes 1 print numbers, or one line for ever
seq [-w] [-s SEP] [FIRST [STEP]] LAST
yes [TEXT]
--
$ yes | head -3
see sh(1)
@sh 1 the shell
sh [-aCefnuvx] [-c COMMAND | FILE] [ARG]...
--
Reads lines and runs them: words, quotes, variables ($x), command substitution ($(…)), arithmetic ($((…))), patterns (* ? [a-z]), pipelines (a | b), lists (a && b || c; d), background jobs (&), redirection (< > >> 2>&1 <<EOF), if, for, while, until, case, functions. It is POSIX XCU chapter 2 with local, and speaks like dash.
At the prompt: arrows and ctrl+r for history, Tab to complete, ctrl+a and ctrl+e to the ends of the line, ctrl+z stops a job, fg and bg let it go on.
-c  run this
-e  end at the first failure
-x  show what is run
see cd(1), jobs(1), set(1), trap(1), read(1), test(1), signal(7)
@sleep 1 do nothing for a while
sleep NUMBER[smhd]...
--
Virtual time: with nothing else to do, the world jumps there.
see timeout(1), wait(1)
@sort 1 sort lines
sort [-nruhVfbsc] [-k FIELD[,FIELD]] [-t CHAR] [-o FILE] [FILE]...
--
-n  by number
-r  the other way round
-u  equal lines once
-k 2,2  by the second field
-t CHAR  what separates fields
$ ps aux | sort -rnk3 | head -5
see uniq(1), comm(1)
@beat 1 work against the clock
beat [-c COST] PERIOD [TEXT]
--
Every PERIOD seconds uses COST seconds of CPU time, and prints TEXT for each time that was not done before the next was due.
$ beat -c 0.006 0.04 late > log &
see spin(1), chrt(1)
@tally 1 add up the sales of a day
tally SALES BOOK
--
Adds up the numbers of SALES, eight bytes each, and writes the sum into BOOK under the seal of the machine. It prints nothing. The exit status is 0 if that was done.
see strace(1)
@spin 1 use up CPU time
spin [-w WORK -n NAP] [SECONDS]
--
Computes for ever, or until it has used SECONDS of CPU.
-w -n  work and nap in turns
see nice(1), top(1), hog(1)
@stat 1 all about a file
stat [-L] [-c FORMAT] FILE...
--
$ stat -c '%a %U %n' /etc/shadow
see ls(1), chmod(1)
@stty 1 modes of the terminal
stty [-a] [SETTING]...
--
SETTING: raw, -echo, sane, size, rows N, cols N, intr ^X …
$ stty sane
see tty(1), reset(1)
@su 1 become another user
su [-] [-c COMMAND] [USER]
--
root by default. Asks for that user's password unless you are root. With - as if just logged in.
see sudo(1), id(1)
@sudo 1 run a command as another user
sudo [-u USER] [-i | -s | COMMAND]
sudo -l
--
If /etc/sudoers lets you; asks for your own password, then not again for a while.
see su(1), credentials(7)
@sync 1 write everything to the disk
sync [-d | -f] [FILE]...
--
What programs write lies in memory until the kernel finds it old enough (30 seconds), somebody syncs, or there is too much of it. The power may go before. sync returns when the disk has it; with FILE only that file.
-d  only its data, not what nobody needs to read them
-f  the whole file system that FILE is on
$ echo 42 > total && sync total
see disk(7), dd(1), mount(8)
@tail 1 the last lines of files
tail [-n N | -n +N] [-c N] [-f] [FILE]...
--
-f  go on and print what is added
-n +N  from line N on
$ tail -f /var/log/messages
see head(1), less(1)
@tee 1 copy input to files and output
tee [-ai] [FILE]...
--
-a  append
$ ps aux | tee list | wc -l
see cat(1), pipe(7)
@test,[ 1 check a condition
test EXPRESSION
[ EXPRESSION ]
--
Files: -e exists, -f file, -d directory, -s not empty, -r -w -x may, -nt newer. Text: -n not empty, -z empty, = !=. Numbers: -eq -ne -lt -le -gt -ge. ! not.
$ [ -s book ] && echo 'not empty'
see sh(1), expr(1)
@tick 1 write a line at intervals
tick [FILE]
--
see watch(1)
@time 1 run a program and say what it used
time [-pqv] [-f FORMAT] [-o FILE [-a]] COMMAND [ARG]...
--
Time on the clock, CPU time in the program and in the kernel, memory, faults and switches.
-p  three lines: real, user, sys
-v  everything
-f FORMAT  %e real, %U user and %S system seconds, %P share of a core, %M kilobytes, %C command, %x status
$ time -p sleep 1
see ps(1), top(1)
@timeout 1 end a command that takes too long
timeout [-s SIGNAL] [-k TIME] TIME COMMAND [ARG]...
--
Exit status 124 when the time was up.
see kill(1), sleep(1)
@top 1 processes, busiest first
top [-d SECONDS] [-p PIDS] [-u USER] [-b -n N]
--
Keys: P by CPU, M by memory, k signals, r renices, c command lines, 1 each core, q quits.
see ps(1), nice(1)
@tracepath 8 the way to a host and the MTU along it
tracepath [-nb] [-l LENGTH] [-m HOPS] [-p PORT] HOST
--
Sends datagrams as long as the way takes and reads what routers say of them; needs no privileges. pmtu is the largest packet so far, asymm that the answer took another number of hops.
-n  no names
-b  names and addresses
$ tracepath -n 10.2.0.2
see traceroute(1), ping(8)
@traceroute 1 the routers on the way to a host
traceroute [-nFITUr] [-q PROBES] [-m HOPS] [-f FIRST] [-w MAX,HERE,NEAR] [-N AT-ONCE] [-p PORT] [-i DEVICE] [-s SOURCE] [--mtu] [--back] HOST [LENGTH]
--
Sends packets with a time to live of 1, 2, 3 ... and shows who sends them back. * is no answer; !H, !N, !P host, network, protocol unreachable, !X forbidden, !F-MTU too long.
-I  echo requests instead of UDP
-T  TCP SYNs, as root; port 80 unless -p
-U  UDP to one port, 53 unless -p
-q PROBES  for each hop, 3 otherwise
-w SECS  how long to wait
--mtu  find the MTU too
$ traceroute -n 10.2.0.2
see tracepath(8), ping(8), ip(8)
@touch 1 make an empty file, or set times
touch [-amc] [-d TIME] [-r FILE] FILE...
--
see stat(1)
@tput 1 control the terminal
tput cols | lines | clear | cup ROW COL | bold | sgr0
--
see clear(1), stty(1)
@tr 1 translate or delete characters
tr [-cdst] SET1 [SET2]
--
Sets are characters, ranges (a-z) and classes ([:upper:]).
-d  delete
-s  squeeze repeats
$ tr a-z A-Z
see sed(1), cut(1)
@true,false 1 succeed, fail
true
false
--
see sh(1), test(1)
@truncate 1 set the size of a file
truncate -s SIZE FILE...
--
see dd(1)
@tty 1 the name of your terminal
tty [-s]
--
see stty(1), w(1)
@uname 1 what system this is
uname [-asnrvmo]
--
see hostname(1)
@uniq 1 equal lines that follow each other, once
uniq [-cdui] [FILE]
--
-c  with how often
-d  only those that repeat
$ sort names | uniq -c | sort -rn
see sort(1), comm(1)
@uptime 1 since when, and how busy
uptime [-ps]
--
The load average is how many wanted to run, over 1, 5 and 15 minutes.
see top(1), w(1)
@vmstat 8 processes, memory, swap, disks and CPU over time
vmstat [-a] [-n] [-w] [-t] [-y] [-S UNIT] [DELAY [COUNT]]
vmstat -s | -d | -D | -f
--
A line each DELAY seconds; the first one is the average since boot. r runs, b waits for a disk. si and so are KiB a second that come back from swap and go there: when both stay high, the machine thrashes, and wa shows that it does nothing but wait.
see free(1), iostat(1), top(1), swapon(8)
@w,who,users 1 who is logged in
w
who
users
--
see id(1), uptime(1)
@watch 1 run a command again and again
watch [-n SECONDS] [-dt] COMMAND
--
ctrl+c ends it.
$ watch -n1 ps aux
see top(1), tail(1)
@wc 1 count lines, words and bytes
wc [-lwcmL] [FILE]...
--
$ ps -e | wc -l
see grep(1)
@wget 1 fetch files by URL
wget [-qcS] [-nv] [-nc] [-O FILE] [-P DIRECTORY] [-t TRIES] [-T SECONDS] [--spider] URL...
--
Writes what a URL leads to into a file named as in the URL, and tries again when something goes wrong. Exit statuses: 4 the network, 8 an answer that is an error.
-q  say nothing; -nv little
-O FILE  write to a file; - is standard output
-c  go on where a file ends
-S  show the answer's headers
--spider  only look whether it is there
-t TRIES  how often (20)
-T SECONDS  how long to wait
$ wget -qO- http://localhost/
see curl(1), httpd(8)
@which 1 where a command is
which [-a] NAME...
--
see command(1), type(1)
@whoami 1 your user name
whoami
--
see id(1)
@whois 1 who holds an address or a name
whois [-h HOST] [-p PORT] [-I] [-H] [-rBKLMlmx] [-i ATTRIBUTE] [-T TYPE] OBJECT
--
Asks a registry; where its answer refers to another (refer:), that one too. Which is asked first is in /etc/whois.conf (a prefix of addresses or a suffix of names, and a server), else whois.iana.org.
-h HOST  ask this server
-r  without the contacts
-L  all ranges around it; -m the next ones within it
-i ATTRIBUTE  objects in which the attribute has this value
$ whois 203.0.113.7
$ whois -h whois.isp.example -i org ORG-ISP1
see whoisd(8), dig(1)
@whoisd 8 whois server
whoisd [-F] [-t] [-d DIRECTORY] [-f FILE]... [-p PORT]
--
Answers from registry data: the files /etc/whois/*.db have objects of RPSL, lines "attribute: value" with a blank line between two objects. The first attribute is the class: inetnum (a range or prefix; ranges within ranges are registry, provider, customer), route, aut-num, organisation, person, role, domain, mntner. org, admin-c, tech-c name others; "refer:" another server.
-F  stay in the foreground
-t  only look whether the data is right
see whois(1)
@why 1 ask for the cause
why [-pfg] [PID | FILE | GOAL]...
why ping HOST
why tcp | udp HOST:PORT
why drops
--
Of a process: what it sleeps on and who could wake it, who stopped or killed it and by which rule, or who has the core it waits for. Of a file: which component of the path or which bit keeps you out, and who has it open or locked. Of a goal: which part does not hold yet. Without an operand: what of yours was killed or refused lately.
Whoever waits for somebody is followed there; a ring of processes that wait for each other is a deadlock.
ping sends an echo request, tcp a SYN, udp an empty datagram, for real, and follows it and what answers it: each node on the way there and back, ARP, routes, filter rules, translated addresses, and where, at which layer and by which rule it ended. The exit status is 0 if it was answered. drops tells which packets this machine has dropped lately. Where a level hides the network, you are told what your own machine can know.
-p -f -g  take the operands for pids, files or goals
$ why 41
$ why /etc/shadow
$ why ping 10.0.0.1
$ why tcp web:80
see ps(1), kill(1), ls(1), goals(6)
@scp 1 copy files between machines
scp [-rpqB] [-P PORT] [-i KEY] [-o OPTION] SOURCE... TARGET
--
Copies files over ssh. A file on another machine is written [USER@]HOST:PATH; a path that is not absolute begins in the home directory there.
-r  directories with all that is in them
-p  keep modes and times
-P PORT  another port than 22
-i -o -F -q  are ssh's; -B asks for no password
$ scp report.txt bob@srv:
$ scp -r srv:/var/log /tmp
see ssh(1), cp(1)
@ssh 1 a shell, or a command, on another machine
ssh [-Ttnq] [-l USER] [-p PORT] [-i KEY] [-o OPTION] [-e CHAR] [-F FILE] [USER@]HOST [COMMAND]
--
Logs in on HOST and runs the login shell there, or COMMAND. Its exit status is that of what ran, 255 when something went wrong on the way. Without COMMAND the other end has a terminal, which follows the size of this one; with COMMAND input, output and errors are streams of their own. One logs in with a key that is in the other side's ~/.ssh/authorized_keys, else with the account's password.
The first visit asks whether the host's key is right and keeps it in ~/.ssh/known_hosts; another key on a later visit ends it.
Nothing on the wire is encrypted here: this machine has signatures but no ciphers, so whoever captures the packets reads along. A real ssh keeps that from him.
-l USER  log in as this user
-p PORT  another port than 22
-i FILE  this key, and not ~/.ssh/id_ed25519
-t  a terminal for a command too; -tt even without one here; -T none
-n  nothing to read for the command
-o OPTION  as in ssh_config: BatchMode=yes asks for nothing, StrictHostKeyChecking=yes|no|accept-new, UserKnownHostsFile, ConnectTimeout, NumberOfPasswordPrompts, RequestTTY, User, Port, HostName, IdentityFile
-e CHAR  the escape character, ~ unless given, or none; at the start of a line ~. leaves, ~^Z suspends, ~? lists them
$ ssh bob@10.0.0.2
$ ssh srv 'uptime; df -h'
see sshd(8), ssh-keygen(1), scp(1)
@sshd 8 let users in from other machines
sshd [-Det] [-f CONFIG] [-h KEY] [-p PORT]
--
Listens on port 22 and makes a session for each user who proves to be one: with a key in ~/.ssh/authorized_keys (which nobody else may write to), or with the password in /etc/shadow. Makes its own host key at the first start. root gets in with a key only, unless PermitRootLogin says otherwise. Usually a service: systemctl start ssh.
-D  stay in the foreground
-e  messages to standard error and not to the log
-t  look whether the configuration is good
/etc/ssh/sshd_config has Port, ListenAddress, PermitRootLogin, PasswordAuthentication, PubkeyAuthentication, PermitEmptyPasswords, AuthorizedKeysFile, AllowUsers, DenyUsers, MaxAuthTries, LoginGraceTime, Banner, PrintMotd, PermitTTY, HostKey.
see ssh(1), systemctl(1), passwd(1)
@ssh-keygen 1 make and look at keys
ssh-keygen [-q] [-f FILE] [-C COMMENT] [-N '']
ssh-keygen -y | -l [-f FILE]
ssh-keygen -F HOST | -R HOST
ssh-keygen -A
--
Makes a key pair: FILE is secret, FILE.pub goes into ~/.ssh/authorized_keys of the other side. The files are OpenSSH's own; there are keys of type ed25519, without a passphrase.
-y  print the public key of a secret one
-l  print the fingerprint
-F -R  what known_hosts has of a host; forget it
-A  make the keys of this host
$ ssh-keygen -N '' && cat ~/.ssh/id_ed25519.pub | ssh srv 'mkdir -p .ssh; cat >> .ssh/authorized_keys'
see ssh(1), sshd(8)
@tcpdump 8 show or save what passes an interface
tcpdump [-AeKlnNpqStUvxX#] [-i INTERFACE] [-c COUNT] [-s SNAPLEN] [-Q in|out|inout] [-w FILE] [EXPRESSION]
tcpdump [OPTIONS] -r FILE [EXPRESSION]
tcpdump -D | -L
--
Prints a line for each packet that the interface sends or receives and the expression matches; without an expression, for all. It takes CAP_NET_RAW: use sudo.
-i NAME  this interface; any is all of them
-n  addresses and ports as numbers
-e  the frame's header too
-c N  leave after N packets
-w FILE  save packets instead (pcap; Wireshark opens it); -r FILE reads such a file; - is a stream
-v -vv -vvv  more of each packet, checksums verified
-q  less
-x -xx -X -XX -A  the bytes, as numbers, numbers and text, text; doubled with the frame's header
-t -tt -ttt -tttt -ttttt  no time, seconds since 1970, since the packet before, with the date, since the first
-S  TCP sequence numbers as they are and not counted from the connection's first
-l -U  write each line, each saved packet, at once
-p  do not ask the interface for what is not for this machine
-D -L  the interfaces; the kinds of frames
EXPRESSION  host A, net N/24, port P, portrange A-B, each with src or dst and with tcp, udp, ip, arp in front; tcp udp icmp arp ip vlan; ether host M; broadcast multicast; less N, greater N; tcp[13] & 2 != 0, tcp[tcpflags] & (tcp-syn|tcp-rst) != 0; and or not ( )
$ sudo tcpdump -n -i eth0 'tcp port 80 and host 10.0.0.2'
$ sudo tcpdump -w /tmp/x.pcap -c 100
see ip(8), ss(8), ping(8)
@xargs 1 make arguments out of input
xargs [-0r] [-n N] [-L N] [-I TEXT] [-P N] [COMMAND [ARG]...]
--
-n N  at most N arguments at a time
-I {}  one run for each line, put where {} stands
$ grep -l TODO *.txt | xargs rm
see find(1)
@at,batch,atq,atrm 1 commands for later
at [-q QUEUE] [-f FILE] TIME
at -l | -c JOB | -r JOB
batch
atq
atrm JOB...
--
Reads commands and runs them once, at TIME: 10:00, 4pm + 3 days, noon tomorrow, now + 2 hours, 23:59 31.12.26. They run in this directory and with this environment; what they print goes nowhere, as there is no mail. batch runs them when the machine has little to do.
$ echo 'kill 41' | at now + 5 minutes
see crontab(1), atd(8)
@atd 8 the daemon behind at and batch
atd [-f]
--
Started by init as atd.service once there is a job; sleeps until one is due.
see at(1), cron(8)
@capsh 8 show and change capabilities
capsh --print
capsh [--drop=CAPS] [--caps=TEXT] [--user=NAME] [--keep=1] [--addamb=CAPS] -- [ARG]...
capsh --decode=HEX
--
Does what its arguments say, one after the other; -- starts a shell with what is left.
$ capsh --drop=cap_kill -- -c 'kill 1'
see capabilities(7), getcap(8), setpriv(1)
@chpasswd 8 set passwords from a list
chpasswd [-e]
--
Reads lines NAME:PASSWORD.
$ echo ada:secret | sudo chpasswd
see passwd(1)
@cron 8 run commands at the times that crontabs say
cron [-f]
--
Reads /var/spool/cron/crontabs, /etc/crontab and /etc/cron.d (where a user stands before each command). Sleeps until the next minute in which something is due; init starts it as cron.service when there is a table.
see crontab(1), crontab(5), journalctl(1)
@crontab 1 your table of commands and times
crontab FILE | -
crontab -l | -e | -r [-u USER]
--
-l  print it
-e  edit it with $EDITOR
-r  remove it
-u USER  that user's, for root
$ echo '*/5 * * * * date >> log' | crontab -
see crontab(5), cron(8), at(1)
@crontab 5 the form of a crontab
MINUTE HOUR DAY MONTH WEEKDAY COMMAND
NAME=VALUE
--
Each field is *, a number, a range 1-5, a list 1,3 or steps */10; months and weekdays may be names. If both days are given one of them is enough. @reboot, @hourly, @daily, @weekly, @monthly and @yearly stand for all five. The first % in a command begins its input.
see crontab(1)
@dmesg 1 what the kernel has said
dmesg [-TxHtd] [-l LEVELS] [-f FACILITIES] [-w | -W] [-c | -C]
--
-T  with date and time
-l err,warn  only these levels
-w  wait for more
-x  facility and level in words
-C  forget everything (root)
see journalctl(1), logger(1)
@getcap,setcap,getpcaps 8 capabilities of files and processes
getcap [-r] FILE...
setcap TEXT FILE
setcap -r FILE
getpcaps PID...
--
A file with capabilities gives them to whoever executes it, instead of all that setuid root would give.
$ sudo setcap cap_kill+ep ./reaper
see capabilities(7), capsh(8)
@capabilities 7 root's power in pieces
--
Each thing that only root may do asks for one capability: cap_kill (signal anybody), cap_dac_override (any file), cap_chown, cap_fowner, cap_setuid, cap_setgid, cap_sys_nice, cap_sys_ptrace, cap_sys_admin, cap_sys_boot, cap_sys_resource, cap_net_bind_service ...
A process has five sets: permitted (what it may use), effective (what it uses now), inheritable and ambient (what an exec may keep), and bounding (what it can ever get). An exec by root fills them, setuid to another user empties them, a file's capabilities add some. They stand in /proc/PID/status.
see capsh(8), getcap(8), setpriv(1), credentials(7)
@gpasswd 1 members of a group
gpasswd -a USER GROUP
gpasswd -d USER GROUP
gpasswd -M USER,... GROUP
--
Takes effect at the next login.
see usermod(8), groups(1)
@groupadd,groupmod,groupdel 8 make, change and remove groups
groupadd [-g GID] [-r] GROUP
groupmod [-g GID] [-n NAME] GROUP
groupdel GROUP
--
see useradd(8), gpasswd(1)
@journalctl 1 read the journal
journalctl [-u UNIT] [-b [N]] [-k] [-p PRIORITY] [-t NAME] [-S TIME] [-U TIME] [-g PATTERN] [-n N] [-r] [-f] [-o FORM]
journalctl --list-boots
--
What services printed, what programs logged and what init and the kernel had to say. Only root and group adm may read it.
-u UNIT  of one service
-b  of this boot; -b -1 of the one before
-p err  as bad as that or worse
-S '10 min ago'  since then
-o cat  the messages alone; short-iso, json, verbose ...
-f  and what comes
$ sudo journalctl -u cron -n 20
see systemctl(1), logger(1), dmesg(1)
@logger 1 write into the journal
logger [-p FACILITY.LEVEL] [-t NAME] [-is] [MESSAGE]...
--
$ logger -t backup 'done'
see journalctl(1)
@newgrp 1 a shell with another group
newgrp [-] [GROUP]
--
Files you make belong to that group then. You have to be in it.
see id(1), gpasswd(1)
@nologin 8 refuse a login
nologin
--
The shell of accounts that nobody uses.
see login(1), usermod(8)
@prlimit 1 limits of a process
prlimit [-p PID] [--RESOURCE[=SOFT:HARD]]...
prlimit --RESOURCE=LIMIT COMMAND [ARG]...
--
$ prlimit --nofile -p 1
$ prlimit --cpu=2 ./loop
see ulimit(1)
@setpriv 1 run a program with less
setpriv [--reuid USER] [--regid GROUP] [--clear-groups] [--nnp] [--bounding-set CAPS] [--inh-caps CAPS] [--ambient-caps CAPS] PROGRAM [ARG]...
setpriv --dump
--
--nnp  no exec gives it more than it has
see capsh(8), su(1), capabilities(7)
@shutdown,poweroff,reboot,halt 8 switch the machine off, or off and on
shutdown [-r] now
poweroff
reboot
--
init stops the services, asks everybody to end, writes the disk and cuts the power.
see systemctl(1), init(8)
@systemctl 1 control services
systemctl [status] [UNIT]...
systemctl start|stop|restart|reload|kill UNIT...
systemctl enable|disable|mask|unmask [--now] UNIT...
systemctl is-active|is-enabled|is-failed UNIT...
systemctl list-units|list-unit-files|list-timers|show|cat|list-dependencies
systemctl daemon-reload|reset-failed
--
A unit is a service, a target (a point to arrive at) or a timer. enable makes it start at boot, start starts it now. Looking is free to all; the rest is root's.
$ systemctl status cron
$ sudo systemctl restart web
see systemd.service(5), journalctl(1), init(8)
@systemd.service,systemd.unit,systemd.timer 5 unit files
/etc/systemd/system/NAME.service
--
[Unit]: Description, After, Before, Wants, Requires, BindsTo, PartOf, Conflicts, OnFailure, ConditionPathExists and its like, StartLimitBurst, StartLimitIntervalSec.
[Service]: Type (simple, exec, oneshot, forking), ExecStartPre, ExecStart, ExecStartPost, ExecReload, ExecStop, ExecStopPost, Restart (no, on-success, on-failure, on-abnormal, on-abort, always), RestartSec, TimeoutStartSec, TimeoutStopSec, RemainAfterExit, PIDFile, SuccessExitStatus, User, Group, WorkingDirectory, Environment, EnvironmentFile, Nice, UMask, LimitNOFILE and its like, StandardOutput, KillSignal, KillMode, NoNewPrivileges, CapabilityBoundingSet, AmbientCapabilities, OOMScoreAdjust.
[Timer]: OnBootSec, OnActiveSec, OnUnitActiveSec, OnCalendar, Unit. [Install]: WantedBy, RequiredBy, Alias, Also.
Files in NAME.service.d/*.conf change single settings. After a change: systemctl daemon-reload.
see systemctl(1)
@useradd,usermod,userdel 8 make, change and remove accounts
useradd [-m] [-u UID] [-g GROUP] [-G GROUPS] [-s SHELL] [-d HOME] NAME
usermod [-aG GROUPS] [-L | -U] [-l NAME] [-s SHELL] NAME
userdel [-r] NAME
--
-m  with a home directory
-aG  in these groups too
-L -U  lock or unlock the password
-r  and the home directory
see passwd(1), groupadd(8), gpasswd(1)
@alias,unalias 1 names for commands (in the shell)
alias [NAME[=TEXT]]...
unalias [-a] NAME...
--
$ alias ll='ls -l'
see sh(1)
@break,continue 1 leave a loop, or its round (in the shell)
break [N]
continue [N]
--
see sh(1)
@cd,chdir 1 go to another directory (in the shell)
cd [-LP] [DIRECTORY | -]
--
Home without operand; - is where you were before.
see pwd(1)
@command,type,hash 1 what a name means (in the shell)
command [-pvV] NAME [ARG]...
type NAME...
hash [-r] [NAME]...
--
-v  how NAME would be run
see which(1), sh(1)
@eval,exec,. 1 run text, another program, or a file here (in the shell)
eval [TEXT]...
exec [COMMAND [ARG]...] [REDIRECTION]...
. FILE
--
exec replaces the shell; with redirections alone it changes the shell's own files.
see sh(1)
@exit,return 1 end the shell or a function (in the shell)
exit [N]
return [N]
--
see sh(1), trap(1)
@export,readonly,local,unset 1 variables (in the shell)
export [-p] NAME[=VALUE]...
readonly [-p] NAME[=VALUE]...
local NAME[=VALUE]...
unset [-fv] NAME...
--
Exported variables are copied into the environment of what is started from then on.
see env(1), set(1)
@getopts 1 read options in a script (in the shell)
getopts OPTSTRING NAME [ARG]...
--
see sh(1)
@history,fc 1 earlier lines (in the shell)
history [N]
fc [-l] [FIRST [LAST]]
--
The arrows bring them back, ctrl+r searches.
see sh(1)
@jobs,fg,bg,wait 1 jobs of the shell (in the shell)
jobs [-lp]
fg [%JOB]
bg [%JOB]...
wait [PID | %JOB]...
--
ctrl+z stops the foreground job; fg lets it go on in front, bg behind. %1 is job 1, %% the current one.
$ sleep 100 & jobs -l; kill %1
see kill(1), signal(7)
@read 1 read a line into variables (in the shell)
read [-r] [-p PROMPT] NAME...
--
-r  a backslash is just a backslash
see sh(1)
@set,shift 1 options and positional parameters (in the shell)
set [-abCefmnuvx] [-o NAME] [--] [ARG]...
shift [N]
--
-e  end at the first failure
-u  unset variables are errors
-x  show what is run
see sh(1)
@times,ulimit,umask 1 time used, limits, and permission bits for new files (in the shell)
times
ulimit [-HSacdfnstuv] [LIMIT]
umask [-S] [MODE]
--
see chmod(1), sh(1)
@trap 1 what to do at a signal (in the shell)
trap ACTION SIGNAL...
trap - SIGNAL...
trap
--
An empty ACTION ignores it; EXIT is when the shell ends. Actions run between commands. A shell in the background of a script starts with INT and QUIT ignored.
$ trap 'rm -f "$tmp"' EXIT
see signal(7), kill(1)
@: 1 do nothing, successfully (in the shell)
: [ARG]...
--
see true(1)
@malloc,free,calloc,realloc 3 allocate memory inside a program
malloc(SIZE)  free(POINTER)  calloc(COUNT, SIZE)  realloc(POINTER, SIZE)
--
The C library hands out pieces of the data segment, which brk(2) enlarges by 128 KiB or more at a time; a request of 128 KiB or more gets pages of its own from mmap(2). So strace shows few calls where ltrace shows many.
A block has a header of two words in front: the size of the block before it if that is free, and its own with a bit that says whether the one before is in use. A free block holds the links of its free list. Freed neighbours are merged; free space in pieces too small for a request is fragmentation.
A write beyond a block hits the next header. When malloc or free comes upon that, the program dies of SIGABRT: free(): invalid pointer, double free or corruption (!prev), malloc(): corrupted top size, corrupted size vs. prev_size.
see heap(1), signal(7)
@proc 5 the kernel's view of processes, as files
/proc/PID/{stat,status,cmdline,environ,cwd,exe,root,fd,fdinfo,limits,wchan,maps}
/proc/{meminfo,loadavg,uptime,stat,cpuinfo,mounts,interrupts,locks,devices}
/proc/{net/unix,driver/lp0,sys}
--
Made when they are read; ps, top and free read nothing else. /proc/self is whoever looks.
$ cat /proc/$$/status
/proc/sys are the knobs of the kernel: fs.protected_symlinks is the file /proc/sys/fs/protected_symlinks.
see ps(1), free(1), sysctl(8), lsof(8)
@credentials 7 users, groups and permissions
--
A process has a real and an effective user. Files have an owner, a group and nine bits: read, write and execute (for directories: search) for owner, group and others. The first of the three that fits decides. Root may do everything.
A program whose file is setuid runs with its owner's effective id. In a directory with the sticky bit, such as /tmp, only owners remove files.
see id(1), chmod(1), su(1), sudo(1)
@disk 7 disks, the page cache, and what survives a power cut
--
/dev/sda is a disk, /dev/sda1 a partition of it. Requests wait in a queue; neighbours become one. An elevator decides who is next: noop in turn, sstf the nearest, scan sweeping up and down, deadline in order of place but none for too long. cat /sys/block/sda/queue/scheduler shows it, and root writes another name there. On a spinning disk a request is a seek, half a turn and the transfer; on a solid-state one it is nearly the same everywhere.
What is read stays in memory as long as there is room (Cached in /proc/meminfo); who reads something else sleeps in state D until the disk has it. What is written stays dirty: after dirty_expire_centisecs (3000) it is old enough, and every dirty_writeback_centisecs (500) somebody looks; beyond dirty_background_ratio it is written at once, and beyond dirty_ratio writers wait. These are files in /proc/sys/vm; echo 1 > /proc/sys/vm/drop_caches drops what is clean.
The file system keeps a journal (ext4, data=ordered, delayed allocation). Names, sizes and permissions reach it every five seconds, or with fsync(2): after a power cut they are all as they were at one moment, and no fsck is needed. Data that were not written are not there: a new file may be empty, an appended line missing, an overwritten page old. A file that replaces another by rename, or after it was cut to nothing, is written at once. So: write to a new file, sync it, rename it.
Deleted data stay on the disk until something else is written there. Nobody may write to a device while it is mounted. A write to the superblock of one that is not destroys the file system; one to other metadata makes it unmountable.
see sync(1), mount(8), iostat(1), dd(1)
@personality 7 kernels that speak another language
--
A program asks for a system call by number. Which number means what, how flags and errors are numbered, and how an error is told at all are a kernel's own choice, and the C library a program was built with knows one of them. There are three here: Linux's table, a BSD-like one with FreeBSD's numbers, and the 21 calls of xv6.
A kernel serves the table of its own kind. With 1 in /proc/sys/abi/linux, /proc/sys/abi/bsd or /proc/sys/abi/xv6 it serves programs built for that one as well. Any other program is started all the same, and its calls are taken for what their numbers mean here: write of one is remove of another, or nothing. Linux answers ENOSYS to a number that it does not know, a BSD kills with SIGSYS, and xv6 says so in its log (dmesg) and returns -1.
A program that is linked when it starts speaks the language of the library that the loader finds: see ldd(1).
$ file /opt/count; readelf -h /opt/count
$ strace /opt/count
$ sysctl -w abi.bsd=1
see strace(1), readelf(1), ldd(1), sysctl(8)
@pipe 7 pipes
--
A pipe holds 64 KiB. Who reads an empty one waits; who writes to a full one waits. When all writers have closed it, readers get end of file. Who writes when all readers are gone gets SIGPIPE.
A writer that waits for a reader that waits for the writer waits for ever.
see tee(1), mkfifo(1), signal(7), unix(7)
@unix 7 sockets between processes of one machine
--
A server binds a socket to a path, which makes a node of type s, and listens; clients connect to it if they may write to the node. A node whose server has gone refuses connections, and has to be removed before the path can be bound again. Abstract names, written with @, need no node.
A stream has no borders, datagrams and packets have. The other end's process and user can be asked for (SO_PEERCRED), and open descriptors can be sent along (SCM_RIGHTS).
see nc(1), ss(8), pipe(7)
@sched 7 who runs next
--
Each core has a queue of processes that could run; the scheduling policy says which one does, and for how long while others wait. An idle core takes from the longest queue. root reads and changes the policy in /proc/sys/kernel/sched_policy.
fifo: until it blocks. sjf: the shortest next burst, to its end. stcf: the same, and whoever has less to do preempts. rr: in turn, a quantum each. priority: the lowest nice value; waiting counts (sched_priority_aging_ns). mlfq: a queue for each level, down when the allotment is used up, up again at each boost. lottery: a ticket is drawn. stride: the same without luck. cfs: who had least, by weight. eevdf: of those who are owed time, whose request is due first. manual: you say (assign).
How long a burst takes is guessed from the past ones, or said by the process (chrt -T). Weights and tickets come from nice values; one step is some 10 % of CPU time.
Real-time processes (chrt) come before all that. Parameters of policies are the files sched_* in /proc/sys/kernel; what became of a process is in /proc/PID/sched and schedstat.
see chrt(1), taskset(1), nice(1), assign(1), ps(1)
@signal 7 signals
--
A signal interrupts a process: it ends it, stops it, lets it go on, is ignored, or runs a handler. KILL (9) and STOP (19) cannot be handled, ignored or blocked.
HUP 1 the terminal is gone. INT 2 ctrl+c. QUIT 3 ctrl+\. KILL 9 end now. USR1 10 and USR2 12 as agreed. SEGV 11 bad memory access. PIPE 13 nobody reads. ALRM 14 a timer. TERM 15 please end. CHLD 17 a child ended or stopped. CONT 18 go on. STOP 19 stop. TSTP 20 ctrl+z. TTIN 21 and TTOU 22 the background wants the terminal. WINCH 28 the window has another size.
A signal that is blocked, or sent to a stopped process, stays pending; KILL and CONT do not wait. A sleep that is interrupted by a handler fails with EINTR or is begun again.
Process 1 ignores what it does not handle. The terminal's signals go to the whole foreground process group.
see kill(1), trap(1), jobs(1)
"""
