# Spellings, addresses with names, and more mistakes.
iptables -A INPUT -s 127.0.0.1 -d 127.0.0.0/8 -j ACCEPT
iptables -A INPUT -s localhost -j ACCEPT
iptables -A INPUT -s nosuchhost.invalid -j ACCEPT; echo $?
iptables -L INPUT
iptables -S INPUT
iptables -A INPUT -s 10.0.0.1/0 -j ACCEPT
iptables -A INPUT -d 10.0.0.1/255.255.255.255
iptables -A INPUT -i lo -o lo; echo $?
iptables -I INPUT 2 -s 1.2.3.4,5.6.7.8 -j DROP
iptables -D INPUT -s 1.2.3.4,5.6.7.8 -j DROP; echo $?
iptables -A FORWARD --in-interface eth0 --out-interface eth1 --protocol TCP --destination-port 80 --jump ACCEPT
iptables --append FORWARD --proto udp --source-port 53 -j ACCEPT
iptables -A FORWARD -p tcp --sport 1:2 -j DROP -m comment --comment=hi
iptables -AFORWARD -ptcp --dport=22 -jACCEPT
iptables -A FORWARD -m tcp -p tcp --dport 23
iptables -A FORWARD -p tcp -m multiport --dport 23,24
iptables -A FORWARD -p tcp -m multiport --port 23
iptables -A FORWARD -m conntrack --ctstate new
iptables -A FORWARD -m state --state=NEW,related
iptables -A FORWARD -p ICMP --icmp-type Echo-Reply
iptables -A FORWARD -m limit --limit-burst 9
iptables -A FORWARD -m limit --limit 100/m
iptables -A FORWARD -m statistic --mode random --probability .25
iptables -A FORWARD -m iprange --dst-range 1.1.1.1-1.1.1.0; echo $?
iptables -A FORWARD -m addrtype --src-type local
iptables -A FORWARD -m ttl --ttl 5
iptables -S FORWARD
iptables -S INPUT
iptables -nL FORWARD 3
iptables -nvL FORWARD --line-numbers | tail -3
iptables -X; echo $?
iptables -Z FORWARD 2; iptables -P FORWARD ACCEPT -c 7 8; iptables -S FORWARD -v | head -1
iptables -N a; iptables -N b; iptables -A a -j b; iptables -A INPUT -j a; iptables -X b; iptables -F a; iptables -X b; iptables -D INPUT -j a; iptables -X a; iptables -S | grep -c '^-N'
iptables -L -t nat
iptables --list-rules --table mangle
iptables --line-numbers; echo $?
iptables -R INPUT 1 -s 1.1.1.1,2.2.2.2 -j DROP; echo $?
iptables -C INPUT -s 9.9.9.9; echo $?
iptables -t nat -A PREROUTING -p tcp -d 1.2.3.4 --dport 80 -j DNAT --to 10.0.0.1
iptables -t nat -A POSTROUTING -j SNAT --to 1.2.3.4
iptables -t nat -A PREROUTING -p tcp -j REDIRECT --to-port 8080
iptables -t nat -S
iptables -t nat -D PREROUTING 1; iptables -t nat -S PREROUTING
iptables -w -L OUTPUT; iptables -w 3 -L OUTPUT; iptables -4 -L OUTPUT
iptables -6 -L; echo $?
iptables -L INPUT OUTPUT; echo $?
iptables -F INPUT FORWARD; echo $?
iptables -m tcp --help | head -1
iptables -A INPUT -p tcp --syn --tcp-flags ALL SYN; echo $?
iptables -A INPUT -p tcp --dport 1 --dport 2; echo $?
iptables -A INPUT -s 1.1.1.1 -s 2.2.2.2; echo $?
iptables -A INPUT ! ! -s 1.1.1.1; echo $?
iptables -A INPUT ! -s 1.1.1.1,2.2.2.2; echo $?
iptables -A INPUT -j; echo $?
iptables -A INPUT -p; echo $?
iptables -A INPUT -m; echo $?
iptables -A INPUT -p tcp --dport; echo $?
iptables -P INPUT; echo $?
iptables -E a; echo $?
iptables -t; echo $?
iptables -D INPUT; echo $?
iptables -R INPUT; echo $?
iptables -I; echo $?
iptables -Z NOPE; echo $?
iptables -L NOPE 1; echo $?
iptables -A INPUT -g NOPE; echo $?
iptables -A INPUT -j INPUT; echo $?
iptables -A INPUT -j FORWARD; echo $?
iptables -A INPUT -j accept; echo $?
