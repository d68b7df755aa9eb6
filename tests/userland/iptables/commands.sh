# Commands that are right and wrong: what they say and how they end.
run() { echo "\$ $*"; "$@"; echo "=> $?"; }
run iptables
run iptables -A
run iptables -A NOPE -j ACCEPT
run iptables -A INPUT -j NOPE
run iptables -A INPUT -j foo
run iptables -D INPUT 1
run iptables -D INPUT -s 1.2.3.4 -j DROP
run iptables -L NOPE
run iptables -S NOPE
run iptables -F NOPE
run iptables -X NOPE
run iptables -X INPUT
run iptables -P INPUT REJECT
run iptables -P NOPE DROP
run iptables -N foo
run iptables -N foo
run iptables -N INPUT
run iptables -A INPUT -j foo
run iptables -X foo
run iptables -P foo DROP
run iptables -E foo bar
run iptables -E nope bar
run iptables -C INPUT -j bar
run iptables -C INPUT -j ACCEPT
run iptables -I INPUT 5 -j ACCEPT
run iptables -I INPUT 0 -j ACCEPT
run iptables -R INPUT 7 -j ACCEPT
run iptables -R INPUT 1 -j DROP
run iptables -A INPUT -p tcp --dport http -j ACCEPT
run iptables -A INPUT --dport 80 -j ACCEPT
run iptables -A INPUT -p foo -j ACCEPT
run iptables -A INPUT -p tcp --dport 70000 -j ACCEPT
run iptables -A INPUT -p tcp --dport 80:20 -j ACCEPT
run iptables -A INPUT -p tcp --dport foo -j ACCEPT
run iptables -A INPUT -s 1.2.3.400 -j ACCEPT
run iptables -A INPUT -s 1.2.3.0/33 -j ACCEPT
run iptables -A INPUT -s 1.2.3.4,5.6.7.8 -d 9.9.9.9,8.8.8.8 -j ACCEPT
run iptables -A INPUT -s 1.2.3.4/255.255.255.0 -j ACCEPT
run iptables -A INPUT -m conntrack -j ACCEPT
run iptables -A INPUT -m conntrack --ctstate FOO -j ACCEPT
run iptables -A INPUT -m foo -j ACCEPT
run iptables -A INPUT -m limit --limit 5/fortnight -j ACCEPT
run iptables -A INPUT -m limit --limit 0/s -j ACCEPT
run iptables -A INPUT -m limit --limit 20000/s -j ACCEPT
run iptables -A INPUT -m multiport --dports 1,2 -j ACCEPT
run iptables -A INPUT -p tcp -m multiport -j ACCEPT
run iptables -A INPUT -p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 -j ACCEPT
run iptables -A INPUT -j REJECT --reject-with foo
run iptables -A INPUT -j REJECT --reject-with tcp-reset
run iptables -t nat -A POSTROUTING -j SNAT
run iptables -t nat -A POSTROUTING -j SNAT --to-source 1.2.3.4:80
run iptables -t nat -A PREROUTING -p tcp -j DNAT --to-destination 1.2.3.4:800000
run iptables -t nat -A PREROUTING -j SNAT --to-source 1.2.3.4
run iptables -A INPUT -j MASQUERADE
run iptables -t nat -A POSTROUTING -j MASQUERADE --to-ports 80
run iptables -t nat -A PREROUTING -j REDIRECT --to-ports 80
run iptables -t foo -L
run iptables -A INPUT -o eth0 -j ACCEPT
run iptables -A OUTPUT -i eth0 -j ACCEPT
run iptables -t nat -A PREROUTING -o eth0 -j ACCEPT
run iptables -A INPUT -i abcdefghijklmnopq -j ACCEPT
run iptables -A INPUT --foo -j ACCEPT
run iptables -A INPUT -y
run iptables -A INPUT -j ACCEPT extra
run iptables -A INPUT -A FORWARD -j ACCEPT
run iptables -L -n -j ACCEPT
run iptables -n
run iptables -A INPUT -p icmp --icmp-type foo -j ACCEPT
run iptables -A INPUT -p icmp --icmp-type host-unreachable -j ACCEPT
run iptables -A INPUT -p tcp --tcp-flags SYN -j ACCEPT
run iptables -A INPUT -p tcp --tcp-flags SYN FOO -j ACCEPT
run iptables -A INPUT ! -p tcp -j ACCEPT
run iptables -A INPUT ! -j ACCEPT
run iptables -A INPUT -j LOG --log-level foo
run iptables -A INPUT -j LOG --log-level debug --log-prefix "x y" --log-tcp-options --log-ip-options --log-tcp-sequence --log-uid
run iptables -A INPUT -j LOG --log-prefix aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
run iptables -N aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
run iptables -N -foo
run iptables -N '!foo'
run iptables -N ACCEPT
run iptables -N REJECT
run iptables -A INPUT -j bar -p tcp --syn
run iptables -A bar -j bar
run iptables -X bar
run iptables -A INPUT -c 5 10 -j ACCEPT
run iptables -A INPUT -c 5
run iptables -Z INPUT
run iptables -Z INPUT 1
run iptables -Z -L INPUT -v
run iptables -L INPUT 1
run iptables -L INPUT 99
run iptables -S INPUT 2
run iptables -F INPUT 1
run iptables --version
run iptables -S
run iptables -F
run iptables -X
run iptables -S
run iptables -A INPUT -m statistic --mode random -j DROP
run iptables -A INPUT -m statistic --mode random --probability 1.5 -j DROP
run iptables -A INPUT -m statistic --mode nth --every 0 -j DROP
run iptables -A INPUT -m statistic --mode nth --every 3 --packet 3 -j DROP
run iptables -A INPUT -m statistic --probability 0.5 -j DROP
run iptables -A INPUT -m state -j DROP
run iptables -A INPUT -m state --state INVALID,BAD -j DROP
run iptables -A INPUT -m comment -j DROP
run iptables -A INPUT -m addrtype -j DROP
run iptables -A INPUT -m addrtype --dst-type FOO -j DROP
run iptables -A INPUT -m mac --mac-source 00:11 -j DROP
run iptables -A INPUT -m ttl -j DROP
run iptables -A INPUT -m length --length 5:1 -j DROP
run iptables -A INPUT -m iprange --src-range 1.2.3.4-1.2.3.9 -j DROP
run iptables -A INPUT -m iprange --src-range 1.2.3.4 -j DROP
run iptables -A INPUT -j TTL --ttl-set 4
run iptables -t mangle -A PREROUTING -j TTL
run iptables -t nat -P PREROUTING DROP
run iptables -t nat -A POSTROUTING -j MASQUERADE
run iptables -t nat -A POSTROUTING -p tcp -j MASQUERADE --to-ports 80
run iptables -t nat -A POSTROUTING -p tcp -j MASQUERADE --to-ports 90-80
run iptables -v -A INPUT -p udp -s 10.0.0.0/24 -j ACCEPT
run iptables -v -N foo
run iptables -v -P INPUT DROP
run iptables -v -D INPUT 1
run iptables -v -F
run iptables -v -X
