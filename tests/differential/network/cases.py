"""Five networks. Every line of a script is compared: what it prints, its errors, its status."""

from tests.differential.network.topology import Topology

LAN = Topology(
    switches=("sw",),
    cables=(("a.eth0", "sw"), ("b.eth0", "sw"), ("c.eth0", "sw")),
    script="""
a# ping -c 1 10.0.0.2
a# ip addr add 10.0.0.1/24 dev eth0
a# ip addr add 10.0.0.1/24 dev eth0
a# ip addr add 10.0.0.300/24 dev eth0
a# ip addr add 10.0.0.1/24 dev eth7
a# ip link set eth0 up
b# ip addr add 10.0.0.2/24 brd + dev eth0
b# ip link set eth0 up
c# ip addr add 10.0.0.3/24 dev eth0; ip link set eth0 up
a# sleep 1.2
a# ip addr show dev eth0
b# ip addr show dev eth0
a# ip -br addr
a# ip -4 -o addr show eth0
a# ip route
a# ip route get 10.0.0.2
a# ip route get 10.9.9.9
a# ping -c 2 -i 0.2 10.0.0.2
a# ping -c 2 -i 0.2 -q 10.0.0.3
a# ping -c 1 -W 1 -s 1472 -M do 10.0.0.2
a# ping -c 1 -W 1 -s 1473 -M do 10.0.0.2
a# ping -c 1 -W 1 -s 4000 10.0.0.2
a# ping -c 1 -t 1 10.0.0.2
a# ping -c 1 10.9.9.9
a# ping -c 1 -W 1 10.0.0.77
a# ip neigh show 10.0.0.2 | sed 's/DELAY\\|STALE/REACHABLE/'
a# ip neigh show 10.0.0.77
a# arp -n | sort
a# ip neigh add 10.0.0.50 lladdr 02:00:00:00:00:50 dev eth0
a# ip neigh add 10.0.0.50 lladdr 02:00:00:00:00:50 dev eth0
a# ip neigh show nud permanent
a# ip neigh del 10.0.0.50 dev eth0
a# ip neigh del 10.0.0.50 dev eth0
a# ip route add 10.7.0.0/16 via 10.0.0.2
a# ip route add 10.7.0.0/16 via 10.0.0.2
a# ip route add 10.8.0.0/16 via 172.16.0.1
a# ip route add 10.7.1.0/24 dev eth0 metric 50
a# ip route add blackhole 10.7.2.0/24
a# ip route add unreachable 10.7.3.0/24
a# ip route add prohibit 10.7.4.0/24
a# ip route
a# ip route get 10.7.0.9
a# ip route get 10.7.1.9
a# ip route get 10.7.2.9
a# ip route get 10.7.3.9
a# ip route get 10.7.4.9
a# ping -c 1 10.7.2.9
a# ping -c 1 10.7.3.9
a# ping -c 1 10.7.4.9
a# ip route del 10.7.1.0/24
a# ip route del 10.7.1.0/24
a# ip route replace 10.7.0.0/16 via 10.0.0.3
a# ip route show 10.7.0.0/16
a# ip route bogus
a# ip addr bogus
a# ip bogus
b# (echo hello from b | nc -l -N -p 7000 >/dev/null 2>&1 || echo hello from b | nc -l -N 7000) >/dev/null 2>&1 &
b# sleep 0.5; ss -tln | sed 's/ *$//'
a# nc -N 10.0.0.2 7000 </dev/null
a# nc -N 10.0.0.2 7000 </dev/null
a# nc -v -z -w 1 10.0.0.2 81
a# nc -z -w 1 10.0.0.2 81
c# nc -u -l 9000 >/tmp/udp-c 2>/dev/null & sleep 0.3; echo listening
a# echo datagram | nc -u -w 1 10.0.0.3 9000
c# cat /tmp/udp-c; rm /tmp/udp-c
a# ip link set eth0 down
a# ip route
a# ping -c 1 10.0.0.2
a# ip link set eth0 up
a# sleep 1.2; ping -c 1 10.0.0.2
a# ip addr del 10.0.0.1/24 dev eth0
a# ip addr del 10.0.0.1/24 dev eth0
a# ip -br addr show eth0
a# ip route
a# ping -c 1 10.0.0.2
""",
)

ROUTERS = Topology(
    cables=(("a.eth0", "r1.eth0"), ("r1.eth1", "r2.eth0"), ("r2.eth1", "b.eth0")),
    script="""
a# ip addr add 10.1.0.2/24 dev eth0; ip link set eth0 up; ip route add default via 10.1.0.1
a# ip route add default via 10.1.0.1
b# ip addr add 10.2.0.2/24 dev eth0; ip link set eth0 up; ip route add default via 10.2.0.1
r1# ip addr add 10.1.0.1/24 dev eth0; ip addr add 192.0.2.1/30 dev eth1; ip link set eth0 up; ip link set eth1 up
r2# ip addr add 192.0.2.2/30 dev eth0; ip addr add 10.2.0.1/24 dev eth1; ip link set eth0 up; ip link set eth1 up
r1# sleep 1.2
r1# ip route
a# ping -c 1 10.1.0.1
a# ping -c 1 192.0.2.1
a# ping -c 1 -W 1 10.2.0.2
r1# sysctl -w net.ipv4.ip_forward=1
r1# cat /proc/sys/net/ipv4/ip_forward
a# ping -c 1 -W 1 10.2.0.2
r1# ip route add 10.2.0.0/24 via 192.0.2.2
r1# ip route
a# ping -c 1 -W 1 10.2.0.2
r2# sysctl -w net.ipv4.ip_forward=1
a# ping -c 1 -W 1 10.2.0.2
r2# ip route add 10.1.0.0/24 via 192.0.2.1
a# ping -c 2 -i 0.2 10.2.0.2
a# ping -c 1 -t 1 -W 1 10.2.0.2
a# ping -c 1 -t 2 -W 1 10.2.0.2
a# ping -c 1 -t 3 -W 1 10.2.0.2
a# ping -n -c 1 10.3.0.1
r1# sysctl -w net.ipv4.icmp_ratelimit=0
r2# sysctl -w net.ipv4.icmp_ratelimit=0
a# traceroute -n -q 1 10.2.0.2
a# traceroute -n -q 1 -I 10.2.0.2
a# traceroute -n -q 1 -T -p 80 10.2.0.2
a# tracepath -n 10.2.0.2
b# nc -z -w 1 10.1.0.2 22
b# nc -v -z -w 1 10.1.0.2 22
r1# ip link set eth1 mtu 1000
r2# ip link set eth0 mtu 1000
r1# ip link show eth1
a# ping -c 2 -i 0.2 -W 1 -s 1400 -M do 10.2.0.2
a# ip route get 10.2.0.2 | sed 's/expires [0-9]*sec/expires T/'
a# ping -c 1 -W 1 -s 1400 10.2.0.2
a# tracepath -n 10.2.0.2
b# (head -c 40000 /dev/zero | nc -l -N 7000) >/dev/null 2>&1 &
b# sleep 0.5
a# sleep 1 | nc 10.2.0.2 7000 | wc -c
a# ip route get 10.2.0.2 from 10.1.0.2 | sed 's/expires [0-9]*sec/expires T/'
r1# ip route get 10.2.0.2 from 10.1.0.2 iif eth0
r1# ip route add 10.2.0.128/25 via 10.1.0.2
r1# ip route get 10.2.0.200
r1# ip route get 10.2.0.100
r1# ip -s -h link show lo >/dev/null; echo $?
r1# ip route show to match 10.2.0.200
r1# ip route flush 10.2.0.128/25
r1# ip route show to match 10.2.0.200
r1# cat /proc/net/route | wc -l
""",
)

_HOUSE = """
pc# ip addr add 192.168.1.2/24 dev eth0; ip link set eth0 up; ip route add default via 192.168.1.1
tv# ip addr add 192.168.1.3/24 dev eth0; ip link set eth0 up; ip route add default via 192.168.1.1
gw# ip addr add 192.168.1.1/24 dev eth1; ip addr add 203.0.113.2/24 dev eth0; ip link set eth0 up; ip link set eth1 up
gw# ip route add default via 203.0.113.1; sysctl -w net.ipv4.ip_forward=1
web# ip addr add 203.0.113.1/24 dev eth0; ip link set eth0 up
web# sleep 1.2
"""

_HOUSE_CABLES = (
    ("pc.eth0", "lan"), ("tv.eth0", "lan"), ("gw.eth1", "lan"), ("gw.eth0", "web.eth0"),
)  # fmt: skip

MASQUERADE = Topology(
    switches=("lan",),
    cables=_HOUSE_CABLES,
    script=_HOUSE
    + """
pc# ping -c 1 -W 1 203.0.113.1
gw# iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
gw# iptables -t nat -S
gw# iptables -t nat -L -n
gw# iptables-save -t nat
pc# ping -c 2 -i 0.2 203.0.113.1
tv# ping -c 1 203.0.113.1
gw# iptables -t nat -L POSTROUTING -n -v -x
web# ping -c 1 -W 1 192.168.1.2
gw# conntrack -L -p icmp 2>/dev/null | sort
gw# conntrack -F
web# (sleep 1; echo page) | nc -l -N 80 >/dev/null 2>&1 &
web# sleep 0.5
pc# nc -N -p 5000 203.0.113.1 80 </dev/null
gw# conntrack -L -p tcp 2>/dev/null
web# (nc -u -l 9000; true) >/dev/null 2>&1 &
web# sleep 0.5
pc# echo one | nc -u -w 1 -p 6000 203.0.113.1 9000
gw# conntrack -L -p udp 2>/dev/null
gw# conntrack -L -p udp --dport 9000 2>/dev/null | wc -l
gw# conntrack -D -p udp 2>/dev/null
gw# conntrack -L -p udp
tv# echo two | nc -u -w 1 -p 6000 203.0.113.1 9001
pc# echo two | nc -u -w 1 -p 6000 203.0.113.1 9001
gw# conntrack -L -p udp 2>/dev/null | sed 's/\\(dst=203.0.113.2 sport=9001 dport=\\)[0-9]*/\\1PORT/' | sort
gw# conntrack -C
gw# conntrack -F
gw# iptables -t nat -D POSTROUTING 1
gw# iptables -t nat -A POSTROUTING -s 192.168.1.0/24 -o eth0 -j SNAT --to-source 203.0.113.2:7000-7010
gw# iptables -t nat -A POSTROUTING -s 192.168.1.0/24 -o eth0 -p udp -j SNAT --to-source 203.0.113.2:7000-7010
gw# iptables -t nat -A POSTROUTING -s 192.168.1.0/24 -o eth0 -j SNAT --to-source 203.0.113.2
gw# iptables -t nat -S POSTROUTING
gw# conntrack -F
pc# echo three | nc -u -w 1 -p 6001 203.0.113.1 9001
gw# conntrack -L -p udp 2>/dev/null | grep -c 'dport=70[01][0-9]'
pc# traceroute -n -q 1 -m 2 -w 1 203.0.113.1
gw# iptables -t nat -F
gw# conntrack -F
pc# ping -c 1 -W 1 203.0.113.1
""",
)

HAIRPIN = Topology(
    switches=("lan",),
    cables=_HOUSE_CABLES,
    script=_HOUSE
    + """
gw# iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
gw# iptables -t nat -A PREROUTING -d 203.0.113.2 -p tcp --dport 8080 -j DNAT --to-destination 192.168.1.2:80
gw# iptables -t nat -L PREROUTING -n -v
gw# iptables-save
pc# (for i in 1 2 3; do echo hello $i | nc -l -N 80; done) >/dev/null 2>&1 &
pc# sleep 0.5
web# nc -N -w 2 203.0.113.2 8080 </dev/null
pc# sleep 0.5
gw# conntrack -L -p tcp 2>/dev/null | sed 's/\\(TIME_WAIT\\|CLOSE\\|LAST_ACK\\|ASSURED\\)/X/g' | head -1 | cut -d' ' -f1
tv# nc -N -v -w 2 203.0.113.2 8080 </dev/null
gw# iptables -t nat -A POSTROUTING -s 192.168.1.0/24 -d 192.168.1.2 -p tcp --dport 80 -j MASQUERADE
gw# conntrack -F
tv# nc -N -w 2 203.0.113.2 8080 </dev/null
gw# iptables -t nat -L POSTROUTING -n -v --line-numbers
web# nc -z -w 1 203.0.113.2 8081; echo $?
web# nc -v -z -w 1 203.0.113.2 8081
gw# iptables -t nat -C PREROUTING -d 203.0.113.2 -p tcp --dport 8080 -j DNAT --to-destination 192.168.1.2:80
gw# iptables -t nat -C PREROUTING -d 203.0.113.2 -p tcp --dport 8082 -j DNAT --to-destination 192.168.1.2:80
gw# iptables -t nat -D PREROUTING 2
gw# iptables -t nat -R PREROUTING 1 -i eth0 -p tcp -m multiport --dports 8080,8081 -j DNAT --to-destination 192.168.1.2:80
gw# iptables -t nat -S
gw# iptables -t nat -N FRONT
gw# iptables -t nat -N FRONT
gw# iptables -t nat -A FRONT -p udp --dport 53 -j REDIRECT --to-ports 5353
gw# iptables -t nat -I PREROUTING 1 -i eth1 -j FRONT
gw# iptables -t nat -X FRONT
gw# iptables -t nat -S
gw# iptables -t nat -L PREROUTING -n
gw# iptables-save -t nat > /tmp/minios-rules; iptables -t nat -F; iptables -t nat -X; iptables-restore < /tmp/minios-rules; iptables -t nat -S; rm /tmp/minios-rules
""",
)

FIREWALL = Topology(
    cables=(("a.eth0", "fw.eth0"), ("fw.eth1", "b.eth0")),
    script="""
a# ip addr add 10.1.0.2/24 dev eth0; ip link set eth0 up; ip route add default via 10.1.0.1
b# ip addr add 10.2.0.2/24 dev eth0; ip link set eth0 up; ip route add default via 10.2.0.1
fw# ip addr add 10.1.0.1/24 dev eth0; ip addr add 10.2.0.1/24 dev eth1; ip link set eth0 up; ip link set eth1 up
fw# sysctl -w net.ipv4.ip_forward=1; sleep 1.2
a# ping -c 1 -W 1 10.2.0.2
fw# iptables -P FORWARD DROP
a# ping -c 1 -W 1 10.2.0.2
fw# iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
fw# iptables -A FORWARD -i eth0 -p icmp -j ACCEPT
a# ping -c 1 -W 1 10.2.0.2
b# ping -c 1 -W 1 10.1.0.2
fw# iptables -A FORWARD -i eth0 -p tcp --dport 80 -j ACCEPT
fw# iptables -A FORWARD -i eth0 -p tcp --dport 81 -j REJECT --reject-with tcp-reset
fw# iptables -A FORWARD -i eth0 -p tcp --dport 82 -j REJECT
fw# iptables -A FORWARD -i eth0 -p udp -j REJECT --reject-with icmp-admin-prohibited
fw# iptables -L -n
fw# iptables -S
a# nc -v -z -w 1 10.2.0.2 80
a# nc -v -z -w 1 10.2.0.2 81
a# nc -v -z -w 1 10.2.0.2 82
a# nc -v -z -w 2 10.2.0.2 83
a# echo x | nc -u -w 1 10.2.0.2 90; echo $?
a# traceroute -n -q 1 -w 1 10.2.0.2
fw# iptables -L FORWARD -n -v -x --line-numbers
fw# iptables -Z FORWARD
fw# iptables -L FORWARD -n -v -x | head -3
fw# iptables -I INPUT -p icmp --icmp-type echo-request -j DROP
a# ping -c 1 -W 1 10.1.0.1
fw# iptables -D INPUT -p icmp --icmp-type echo-request -j DROP
a# ping -c 1 -W 1 10.1.0.1
fw# iptables -A INPUT -p icmp -m limit --limit 1/second --limit-burst 2 -j ACCEPT
fw# iptables -A INPUT -p icmp -j DROP
a# ping -c 4 -i 0.2 -W 1 10.1.0.1
fw# iptables -S INPUT
fw# iptables -F INPUT
fw# iptables -A OUTPUT -d 10.2.0.2 -j REJECT --reject-with icmp-host-prohibited
fw# ping -c 1 -W 1 10.2.0.2
fw# iptables -F OUTPUT
fw# iptables -A OUTPUT -d 10.2.0.2 -j DROP
fw# ping -c 1 -W 1 10.2.0.2
fw# iptables -F
fw# iptables -P FORWARD ACCEPT
fw# iptables -A FORWARD -j NOSUCH
fw# iptables -A NOSUCH -j ACCEPT
fw# iptables -D FORWARD 3
fw# iptables -A FORWARD -p tcp --dport 99999 -j DROP
fw# iptables -A FORWARD --dport 80 -j DROP
fw# iptables -A FORWARD ! -s 10.1.0.0/24 -p tcp --syn -m multiport --dports 22,80:90 -m comment --comment "no way" -j DROP
fw# iptables -S FORWARD
fw# iptables -L FORWARD -n
fw# iptables -N LOGDROP; iptables -A LOGDROP -j LOG --log-prefix "dropped: " --log-level 4; iptables -A LOGDROP -j DROP; iptables -A FORWARD -p tcp --dport 23 -j LOGDROP; iptables -S
a# nc -v -z -w 2 10.2.0.2 23
fw# iptables -L LOGDROP -n -v | awk '{print $1,$3}'
fw# iptables -X
fw# iptables -E LOGDROP LD; iptables -S LD
fw# iptables -t mangle -S >/dev/null 2>&1; iptables -t bogus -S
""",
)

TOPOLOGIES = {
    "lan": LAN,
    "routers": ROUTERS,
    "masquerade": MASQUERADE,
    "hairpin": HAIRPIN,
    "firewall": FIREWALL,
}
