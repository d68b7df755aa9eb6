# What conntrack says of flows and to nonsense.
run() { echo "\$ $*"; "$@" 2>/tmp/errors; status=$?; cat /tmp/errors; echo "=> $status"; }
ip link set lo up
run conntrack -L
run conntrack -C
iptables -A INPUT -m conntrack --ctstate NEW
(sleep 1; echo page) | nc -l -N 127.0.0.1 7777 >/dev/null &
sleep 0.3
(sleep 1.5; echo x) | nc -N -p 5000 127.0.0.1 7777 >/dev/null
wait
echo one | nc -u -w 1 -p 6000 127.0.0.1 9000
run conntrack -L -p tcp
run conntrack -L -p udp
run conntrack -L -p tcp -o extended
run conntrack -L -p tcp --dport 7777
run conntrack -L -p tcp --dport 7778
run conntrack -L -p tcp --sport 5000 -s 127.0.0.1 -d 127.0.0.1
run conntrack -L -p tcp --orig-port-src 5000 --reply-port-dst 5000
run conntrack -L -s 127.0.0.2
run conntrack -L -r 127.0.0.1 -q 127.0.0.1 -p udp
run conntrack -L -p tcp --state TIME_WAIT
run conntrack -L -p tcp --state ESTABLISHED
run conntrack -L -p tcp --state FOO
run conntrack -L -u ASSURED
run conntrack -L -u FOO
run conntrack -L -n
run conntrack -L -g
run conntrack -L -j
run conntrack -L --src-nat 1.2.3.4
run conntrack -G -p tcp -s 127.0.0.1 -d 127.0.0.1 --sport 5000 --dport 7777
run conntrack -G -p tcp -s 1.2.3.4 -d 1.2.3.5 --sport 1 --dport 2
run conntrack -C
run conntrack -D -p udp
run conntrack -D -p udp
run conntrack -F
run conntrack -L
run conntrack -D
run conntrack -Z
run conntrack -L -p foo
run conntrack -L -s foo
run conntrack -L --dport 80
run conntrack -L --state X
run conntrack -L expect
run conntrack -L foo
run conntrack -E -e FOO
run conntrack -L -F
run conntrack -L -o foo
run conntrack --version
