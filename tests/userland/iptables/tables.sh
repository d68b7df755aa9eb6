# Listings, iptables-save and iptables-restore.
run() { echo "\$ $*"; "$@"; echo "=> $?"; }
run iptables-save
run iptables -L
run iptables-save
run iptables -t nat -L -v
run iptables-save
run iptables -A INPUT -c 123456 99999999 -p tcp -j ACCEPT
run iptables -A INPUT -c 99999999999 9999999999999 -p tcp -j ACCEPT
run iptables -P FORWARD DROP
run iptables -L -v
run iptables -L -v -x
run iptables -L -v -x --line-numbers
run iptables -L --line-numbers
run iptables -S -v
run iptables -S INPUT
run iptables -S FORWARD 1
run iptables -N zed; run iptables -N abc
run iptables -S
run iptables -L -n
run iptables-save -t nat
run iptables-save -t foo
run iptables-save -c
run iptables -E zed yy
run iptables -E nope2 zz
run iptables -D INPUT 9
run iptables -F zed
run iptables -A INPUT -m limit --limit 7/min; run iptables -A INPUT -m limit --limit 300/h;run iptables -A INPUT -m limit --limit 5000/day
run iptables -S INPUT
printf '*filter\n:INPUT ACCEPT [0:0]\n:foo - [0:0]\n-A INPUT -j foo\nCOMMIT\n' > /tmp/rules; run iptables-restore /tmp/rules; run iptables -S
printf '*filter\n:INPUT DROP [5:6]\n[7:8] -A INPUT -j ACCEPT -p tcp\nCOMMIT\n' > /tmp/rules; run iptables-restore -c /tmp/rules; run iptables-save -c
printf '*filter\n-A INPUT -j NOPE\nCOMMIT\n' > /tmp/rules; run iptables-restore /tmp/rules; 
printf '*filter\n-A NOPE -j ACCEPT\nCOMMIT\n' > /tmp/rules; run iptables-restore /tmp/rules; 
printf '*filter\n-A INPUT --foo -j ACCEPT\nCOMMIT\n' > /tmp/rules; run iptables-restore /tmp/rules; 
printf '*filter\n-A INPUT -j ACCEPT\n' > /tmp/rules; run iptables-restore /tmp/rules; 
printf -- '-A INPUT -j ACCEPT\n' > /tmp/rules; run iptables-restore /tmp/rules; 
printf '*foo\nCOMMIT\n' > /tmp/rules; run iptables-restore /tmp/rules; 
printf 'garbage\n' > /tmp/rules; run iptables-restore /tmp/rules; 
printf '*filter\n:INPUT FOO\nCOMMIT\n' > /tmp/rules; run iptables-restore /tmp/rules; 
printf '*filter\n:x - [0:0]\n-A INPUT -m comment --comment "a b" -j LOG --log-prefix "x \\"y\\" "\nCOMMIT\n# hi\n\n*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n' > /tmp/rules; run iptables-restore -n /tmp/rules; run iptables-save
run iptables-restore -t /tmp/rules
printf '*filter\n-A INPUT -j NOPE\nCOMMIT\n' > /tmp/rules; run iptables-restore -t /tmp/rules;
run iptables-restore /tmp/nonexist
printf '*filter\n-F INPUT\n-I INPUT -j DROP\n-D INPUT -j DROP\n-P INPUT DROP\n-N foo1\n-X foo1\nCOMMIT\n' > /tmp/rules; run iptables-restore -n -v /tmp/rules;
run iptables -S
