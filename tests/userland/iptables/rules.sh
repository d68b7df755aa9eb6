# Each rule of rules.txt: how it is taken, saved and listed.
while IFS= read -r line; do
    echo "# $line"
    for table in filter nat mangle raw; do iptables -t $table -F; done
    eval "iptables $line"
    echo "=> $?"
    table=filter
    case "$line" in "-t "*) table=$(echo "$line" | cut -d' ' -f2) ;; esac
    iptables -t $table -S | grep -v '^-[PN]'
    iptables -t $table -L -n | grep -v '^Chain\|^target\|^$'
    iptables -t $table -L -v | grep -v '^Chain\|^ pkts\|^$'
done < /tmp/rules.txt
