"""awk does what mawk does: a table of programs, each run by both."""
# ruff: noqa: E501 - a program is one line

import shutil
import subprocess
from pathlib import Path

import pytest

from minios.testing import Box

MAWK = shutil.which("mawk")

FILES = {
    "in": b"a b c\n1 2 3\n0x1A nan inf\n",
    "data": b"apple 10 1.5\nbanana 5 0.25\ncherry 20 3\n\napple 7 2\n  padded   line  \n",
    "passwd": b"root:x:0:0:root:/root:/bin/sh\nplayer:x:1000:1000::/home/player:/bin/sh\nsync:x:4:65534::/bin:/bin/false\n",
    "paragraphs": b"\n\nfirst line\nsecond line\n\n\n\nthird:a\nfourth:b\n",
    "numbers": b"3\n10\n9\n-4\n2.50\n1e2\nx7\n",
    "prog.awk": b"# a program\nfunction twice(x) {\n\treturn 2 * x\n}\n{ print twice($1) }\n",
    "more.awk": b"END { print NR, \"records\" }\n",
    "tail": b"no newline at the end",
    "empty": b"",
}  # fmt: skip

PROGRAMS = [
    # numbers and their text
    "BEGIN{print 2^31, 2^53, 1e30, -2^63, 1e15, 123456789.5, 0.1+0.2, 2147483647, -2147483648}",
    "BEGIN{print 1e6, 1e5*10, 1000000*1000000, 0.000001, 1e-7, 123456.789, 1234567.89, -0, 3.0}",
    'BEGIN{print log(-1), -log(-1), exp(1000), -exp(1000), log(0), int(-3.7), int("3abc")}',
    'BEGIN{print "0x1A"+0, "nan"+0, "inf"+0, "+nan"+0, ".5."+0, "1e"+0, "1e+"+0, "infx"+0, "0x"+0}',
    "BEGIN{print 1/0, -1/0, 1%0, 0/0; x=0; x/=0; print x}",
    "BEGIN{print -3 % 2, 2^0.5, int(1e18), 1e18+1, 5.5 % 2, -5.5 % 2, 2^-1, -2^2, 2^3^2}",
    "BEGIN{print 011, 1e3, .5, 5., 010 + 0, 1e3 \"\", 1e-5 \"\", 100000 * 100000 \"\", 0.1 \"\"}",
    'BEGIN{CONVFMT="%d"; x=3.7; print x ""; OFMT="%.2f"; print 3.14159, 3.14159 "", 3}',
    'BEGIN{OFMT="%.3e"; CONVFMT="%.2g"; a[0.123]; for(k in a) print k; print 17.5, 1/3 ""}',
    "BEGIN{print sin(1), cos(1), atan2(0,-1), exp(1), log(10), sqrt(2), sqrt(-1), exp(-1000)}",
    "BEGIN{print (-8)^(1/3), 0^0, 0^-1, (-2)^3, 1e200^2, (-1e200)^3}",
    "BEGIN{print 1 - 1 - 1, 2 * 3 4, 1 2 + 3, (1 2) + 3, -1 \" \" 1, 1 - -1, 2 - - 2}",
    'BEGIN{print -12 " " -24; print 1 " " -1; print !1+1, !0 ~ 1, 1==1==1, 1<2<3}',
    'BEGIN{x ^= 2; y += 3; z -= 1; w *= 4; v %= 3; u = 7; u /= 2; print x, y, z, w, v, u}',
    'BEGIN{x = "A"; y = x++; print x, y; print x--, x; print ++x + x++, x}',
    'BEGIN{print +"3x", -"3x", !"a", !"", !0, !"0", - -"7"}',
    "BEGIN{print 1 || 0 && 0, !1 || 1; print 1 ? 2 : 3 ? 4 : 5; print x == 3 ? \"three\" : \"no\"}",
    'BEGIN{print a = 5, b += 3, c = d = 2; print a b c d}',
    # comparison
    'BEGIN{a="10"; b=9; print (a<b), ("10"<"9"), (10<9), "abc"<1, 2<10, "2"<"10", x<1, x=="", y==0}',
    "{print ($1<2), ($1<\"2\"), ($1==1), ($1==$1+0)}",
    "NR==3{print $1+0, $2+0, ($1==26), ($2==$2), $3==$3, ($1 < 3)}",
    'BEGIN{print "A"<"a", "a"<"b", ""<"a", "b">"a", 1==1.0, "1"==1, "1.0"==1, 1=="1"}',
    'BEGIN{$0="10 9 abc 1e1"; print ($1<$2), ($1>$3), ($1==$4), ($5==0), ($5=="")}',
    "$1 > 5 {n++} END{print n}",
    '{ if ($1 == 0) print "zero:", $1; else if ($1) print "true:", $1; else print "false:", $1 }',
    'BEGIN{n=log(-1); print (n<1), (n==1), (n!=1), (1<=n), (n>=n), (n=="nan"), (n=="-nan")}',
    # strings
    'BEGIN{print length(), length, length("abc"), length 5, length(12345), length(1/3)}',
    'BEGIN{print substr("hello",0,2), substr("hello",-1), substr("hello",2,100), substr("hello",1.5,2)}',
    'BEGIN{for(b=-2;b<=7;b++) for(n=-1;n<=6;n++) printf "%s|", substr("hello",b,n)}',
    'BEGIN{print substr("hello",2)"|" substr("hello",10)"|" substr("x",1,-1)"|" substr(12345,2,3)}',
    'BEGIN{print index("abc","c"), index("abc","x"), index("foo",""), index("",""), index(12345,34)}',
    'BEGIN{print match("foobar","o+"), RSTART, RLENGTH, match("x","y"), RSTART, RLENGTH}',
    'BEGIN{print match("aaa",/b*/), RSTART, RLENGTH, match("aaa",/a*$/), RLENGTH, match("",/^$/), RLENGTH}',
    'BEGIN{print toupper("aXy9"), tolower("ABC d"), toupper(123), toupper(substr("abc", 2))}',
    'BEGIN{s="aaa"; print gsub(/x*/,"-",s), s; s="abc"; print gsub(/b*/,"X",s), s}',
    r'BEGIN{s="hello"; gsub(/l/,"[&]",s); print s; s="hello"; gsub(/l/,"\\&",s); print s}',
    r'BEGIN{s="hello"; gsub(/l/,"\\\\&",s); print s; s="hello"; gsub(/l/,"a\\b",s); print s}',
    'BEGIN{s="banana"; print sub(/an/,"<&&>",s), s; print sub(/zz/,"y",s), s; gsub("a","",s); print s}',
    'BEGIN{s="a.b.c"; gsub(".","x",s); print s; s="a.b.c"; gsub(/\\./,"-",s); print s}',
    'BEGIN{s="one two"; gsub(/^/,">",s); print s; gsub(/$/,"<",s); print s; gsub(/o/,"0",s); print s}',
    '{ sub(/ /, "_"); print; print $1; gsub(/[0-9]/, "<&>", $1); print; print gsub("a|b", "x"), $0 }',
    'BEGIN{print split("",a), split("abc",a,""), a[1], a[3], split("a:b:c",a,":"), a[2], length(a)}',
    'BEGIN{print split("  a b ",a," "), a[1], split(" a b ",a,/ /), a[1] "|", split("a1b22c",a,/[0-9]+/), a[3]}',
    'BEGIN{print split("a.b",a,"."), a[2], split("aXXb",a,"X"), a[2] "|", split("x",a), split("a b",a,"b")}',
    'BEGIN{print split(":a:",a,":"), a[1] "|" a[2] "|" a[3]; print split("a1b",a,1), a[1]}',
    r'BEGIN{print "a\tb\\n\"q\"\/\101\e|", "\q"; print "\x41\x4a"}',
    'BEGIN { a = "x"; a = a a a; print a; print "x" 1 == 1, "a" "b" == "ab" }',
    # printf
    r'BEGIN{printf "%d %d %d %i %x %o %u|\n", 2^31, 1e30, -1e30, 3.9, -1, 8, -1}',
    r'BEGIN{printf "%c%c%c|%c|%c", 65, "hello", 256+66, "", 256}',
    r'BEGIN{printf "%5.2s|%-5d|%05d|%+d|% d|%#x|%#o|%*d|%.*f|\n", "abc", 3, 4, 5, 6, 255, 8, 6, 7, 2, 3.14159}',
    r'BEGIN{printf "%.30s|%-10s|%10s|%+5d|%05.1f|%x|%X|%e|%g\n", "abc", "l", "r", 42, 3.14159, 255, 255, 12345.678, 0.00001234}',
    r'BEGIN{printf "%i|%5c|%-5c|%.3d|%+.2e|%G|%E\n", "12abc", "x", "y", 7, 12345.678, 1e-10, 1}',
    r'BEGIN{printf "%s %s %s\n", 1e6, 0.1, 1e300; printf("%s%%\n", 50); printf "%d %s\n", "0x1f", 0x1f}',
    r'BEGIN{printf "%5.1f|%g|%05f|%5d|%x\n", log(-1), exp(1000), exp(1000), "inf", "nan"}',
    r'BEGIN{printf "%#.3g|%#g|%-8.3f|%08.3f|% .2f|%+08d|%-08d|%08s|%.0d|\n", 1, 1, 2.5, -2.5, 1, 5, 5, "s", 0}',
    r'BEGIN{printf "%ld %hd %5%|\n", 5, 6, 7}',
    r'BEGIN{printf "%-*d|%*d|\n", 5, 1, -5, 2; printf "%s"}',
    r'BEGIN{printf "%d %q\n", 1}',
    r'BEGIN{printf "%.20f|%.25g|%.15e\n", 0.1, 1/3, 1e100; print sprintf("%3d", 5) sprintf("x")}',
    'BEGIN { printf "a\\n" > "/dev/stdout"; printf("%s %s\\n", "a", "b") > "/dev/stderr" }',
    '{printf "%c%c", $1, $1 ""}',
    # print
    "BEGIN{print 1,2 > \"/dev/stdout\"; print(1)(2); print (1)(2), 3; print (1,2) > \"/dev/stdout\"}",
    'BEGIN{OFS="-"; ORS="!\\n"; print 1,2; print "a" "b", "c"; $0="x y"; $1=$1; print; print $0}',
    'BEGIN{print (1,2) in a; print (1 > 2) ? "a" : "b"; print "x", (1 < 2)}',
    'BEGIN{print length("a" "b") length("x"); printf "%s" , "no newline"; print ""}',
    # fields
    'BEGIN{$3="x"; print NF, $0; NF=2; print; $0="a b c d"; NF=2; print; $5="e"; print; print NF}',
    'BEGIN{$0="a b"; $5=""; print; print NF; $2=""; print; $0="x y z"; $(1)="q"; print; NF=5; print}',
    "{ print $NF; print $(NF-1) }",
    '{ $NF="z"; print; print $NF-1; $(NF+2)="n"; print NF; print }',
    '{$2=""; print; print NF}',
    "{ $0 = $2; print NF, $1 }",
    'BEGIN { $0 = "x y"; print NF, $2; print $1$2; $3 = "c"; $0 = ""; print NF }',
    "BEGIN{print $(-1)}",
    "BEGIN{NF=-1}",
    "{ NF++; $NF = NR; print; NF -= 2; print }",
    '{ i = 1; print $i++, i; print $i }',
    '{ $1 += 0; print }',
    # separators
    r'BEGIN{FS="\\|"; $0="a|b"; print $2; FS="|"; $0="c|d"; print $2; FS="."; $0="a.b"; print $2 "<" NF}',
    r'BEGIN{FS="[ ]"; $0=" a b"; print $2; FS="\t"; $0="a\t\tb"; print $3; FS="\\t";$0="a\tb";print $2}',
    r'BEGIN{FS="ab*"; $0="xaybbabz"; print $2, NF; FS="^"; $0="a^b"; print $2; FS="\\"; $0="a\\b"; print $2}',
    r'BEGIN{FS="+"; $0="1+2"; print $2; FS="*"; $0="1*2"; print $2; FS="("; $0="1(2"; print $2}',
    'BEGIN{FS=","; $0="a,b,,c,"; print NF; FS="x"; print $1; $0="1x2"; print $2, NF}',
    'BEGIN{RS=""}{print NR": "$1"|"$2"|"NF}',
    'BEGIN{RS="[0-9]"}{print NR": "$0}',
    'BEGIN { RS = "\\n\\n+" } { print NR ": " $0 }',
    'BEGIN { RS = " " } { print NR ": " $0 }',
    'NR==1{RS=" "} {print NR ": " $0}',
    # arrays
    'BEGIN{x["a"]; if ("a" in x) print "in"; delete x["a"]; print ("a" in x); x[1]=x[2]=3; print x[1] x[2]}',
    'BEGIN{i=1; x[i++]+=5; print i, x[1]; x["n"]++; print x["n"]--, x["n"]; print length(x)}',
    'BEGIN{print 1 in a, (1,2) in a; a[1,2]=3; for (k in a) {split(k,p,SUBSEP); print p[1],p[2]}; print ((1,2) in a)}',
    'BEGIN{x["a"]=1; x["b"]; delete x; print length(x); print (x["q"] == 0), length(x)}',
    'BEGIN{a[1]=1; a["1"]++; a[1.0]++; a["01"]="o"; print a[1], length(a); SUBSEP=":"; a[1,2]=1; print ("1:2" in a)}',
    'BEGIN { if (!(3 in a)) print "no"; if (a[3]=="") print "e"; if (3 in a) print "yes" }',
    '{ for (i = NF; i > 0; i--) n[$i]++ } END { for (k in n) s += n[k]; print s, n["a"], n[1] }',
    'BEGIN{for(i=0;i<5;i++)a[i]=i*i; for(k in a){s+=a[k]; delete a[k]}; print s, length(a)}',
    '{ count[$1]++ } END { for (w in count) print w, count[w] | "sort"; close("sort"); print "done" }',
    'BEGIN{n = split("3 1 2", a); for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }; print a[1] a[2] a[3]}',
    # patterns
    "/a/,/1/{print NR\": \"$0}", "NR==1,NR==1", "NR==2,0", "!seen[$1]++", "$1 ~ /^[0-9]+$/", "NR%2", "!/a/",
    "$2", "a=5", "0", '""', '"x"', "END{print $0, NF, NR}", "/1/ && $2 == 2 || /c/",
    'BEGIN { regex = "^a.c$"; print "abc" ~ regex, "abcd" ~ regex; print "a.c" ~ /a\\.c/ }',
    'BEGIN { print "ab" ~ /(a|b){2}/, "a{2}" ~ /a{2}/, "a/b" ~ /[/]/, "a/b" ~ /a\\/b/, "]" ~ /[]]/ }',
    'BEGIN { print "x" ~ /[[:alpha:]]/, "5" ~ /^[^[:digit:]]/, "\\t" ~ /\\t/, "+" ~ /\\+/, "a+b" ~ "a\\\\+b" }',
    'BEGIN { if (("a" "b") ~ /^ab$/ && !("c" ~ "d") || 0) print "ok"; x = "abc"; print x ~ "b" "c" }',
    "/^$/ { next } { print NR, NF }",
    # control
    'BEGIN { while (i<3) { i++; if (i==2) continue; print i }; do { i-- } while (i>0); print i }',
    "BEGIN{for(;;){if(++n>3)break}; print n; for(i=0;i<2;i++);print i; while(i-->0);print i}",
    'BEGIN{if(1){print "a"}else print "b"; if (0) print "x"; else print "z"\n if (0)\n print 1\n else\n print 2\n}',
    "# comment\nBEGIN { print \"c\" # foo\n x = 1 + \\\n 2; print x }",
    "BEGIN{if (1) if (0) print 1; else print 2; ;}",
    "BEGIN{for(i=0;i<3;i++)for(j=0;j<3;j++){if(j==1)continue;if(i==2)break;print i,j}}",
    "BEGIN{exit 3} END{print \"end\"}", 'BEGIN { exit } END { print "end ran"; exit 7 }',
    "{exit 4} END{print NR; exit}", 'END { exit 5; print "no" }', "BEGIN{exit 256+7}", "BEGIN{exit -1}",
    "/1/ {print \"one\"; next} {print \"other\"} END {print NR; exit 4; print \"no\"}",
    "BEGIN{getline; getline; print NR; exit} END{print NR, $0}",
    # functions
    "function f(a,b,  c){c=a+b; return c} BEGIN{print f(1,2), c \"|\"; print f (1,2), f(1)}",
    "function fact(n){return n<=1?1:n*fact(n-1)} BEGIN{print fact(10), fact(20)}",
    "function fib(n){return n<2?n:fib(n-1)+fib(n-2)} BEGIN{print fib(12)}",
    'function f(x) { x = 5 } BEGIN { f(y); print y "" ; print f(1) "|" }',
    "function fill(a, n,  i){for(i=0;i<n;i++)a[i]=i} BEGIN{fill(x,5); print length(x), x[4]}",
    "function h(a,k){delete a[k]; return k in a} BEGIN{z[1];z[2]; print h(z,1), length(z)}",
    "function r(n){if(n==0)return 0; return 1+r(n-1)} BEGIN{print r(200)}",
    "function f(n,  s){s=n; if(n>0)f(n-1); printf \"%d \", s} BEGIN{f(5)}",
    "function stop(){exit 6} BEGIN{stop(); print \"no\"} END{print \"end\"}",
    "function swap(a,i,j, t){t=a[i];a[i]=a[j];a[j]=t} BEGIN{a[1]=1;a[2]=2;swap(a,1,2);print a[1],a[2]}",
    'function f(s){sub(/a/,"b",s);return s} BEGIN{x="aaa";print f(x),x}',
    "function a(){return b()+1}\nfunction b(){return 41}\nBEGIN{print a()}",
    "function k(x){for(i in x)if(x[i]==2)return i;return \"none\"} BEGIN{q[\"z\"]=2;print k(q)}",
    "function s(x){$0=x;return NF} BEGIN{print s(\"a b c\"), $2}",
    # getline, pipes, files
    "BEGIN{getline; print \"got \" $0; getline x; print x, NR; while ((getline line) > 0) n++; print n, NR, $0}",
    'BEGIN { while (("echo a; echo b" | getline l) > 0) print l; print NR; "echo q" | getline; print $0, NR}',
    'BEGIN{getline line < "in"; print line; print (getline line2 < "in") line2; print NR}',
    'BEGIN{print getline y < "/nonexist"; print (getline < "/nonexist"); while ((getline < "in") > 0) print NF, NR}',
    'BEGIN{"exit 3"|getline; print close("exit 3"); print "x" | "cat; exit 4"; print close("cat; exit 4")}',
    'BEGIN{print system("exit 3"), close("nope"); print "before"; system("echo middle"); print "after"}',
    'BEGIN { printf "a\\n" > "o1"; print "b" >> "o1"; close("o1"); getline x < "o1"; print x; getline x < "o1"; print x; print "c" >> "o1"; close("o1"); while ((getline l < "o1") > 0) n++; print n }',
    'BEGIN { print > "o2"; close("o2"); while ((getline l < "o2") > 0) print "[" l "]" }',
    'BEGIN { print "b\\na" | "sort"; print "between"; fflush(); close("sort"); print fflush("nope") }',
    'BEGIN { "echo 1 2 3" | getline a[1]; print a[1]; "echo 10" | getline x; print (x < 9), x + 1 }',
    'BEGIN { "echo " "hi" | getline; print }',
    'BEGIN { getline $2 < "in"; print; print NF; getline $0 < "in"; print $3 }',
    'BEGIN { print "to cat" | "cat"; print "x" | "cat 1>&2" }',
    '{ print $1 > ("out." NR) } END { close("out.1"); getline x < "out.1"; print x }',
    # errors
    "BEGIN{print (}", 'BEGIN{print "abc}', "BEGIN{if (/abc) x}", "BEGIN{ print /(/ }", "BEGIN{f(1)}",
    "BEGIN{return 1}", "BEGIN{next}", "BEGIN{break}", "BEGIN{print 1", "BEGIN{x[1]=1; x=2}", "{ print ) }",
    "function f(a){a[1]=1} BEGIN{f(x); x=1}", "function f(a){return a} BEGIN{print f(1,2)}", "BEGIN",
    'BEGIN{print > "/nonexist/x"}', "BEGIN{1e400}", "BEGIN { x = ; }", "function f(x,x){}", "@",
    'BEGIN{print "x" ~ "("}', "BEGIN{getline < }", "BEGIN{split(\"a\",1)}", "BEGIN{substr(1)}",
    # srand gives back the seed before
    "BEGIN{srand(5); print srand(6), srand(7)}",
    "BEGIN{srand(1); a=rand(); srand(1); print (a==rand()), (a>=0 && a<1)}",
    'BEGIN { print strftime("%Y-%m-%d", 0), mktime("1970 01 02 00 00 00"), (systime() > 0) }',
    'BEGIN{print ENVIRON["NOPE"] "|"; print length(ENVIRON) > 0}',
    'BEGIN{print ARGC, ARGV[0], ARGV[1], ARGV[2]}',
]  # fmt: skip

COMMANDS = [
    ["-F:", "{print $1, $NF}", "passwd"],
    ["-F", ":", "$3 >= 1000 {print $1}", "passwd"],
    ["-F", "\\t", "{print NF}", "in"],
    ["-Ft", "{print NF, $1}", "tail"],
    ["-F", " ", "{print NF}", "data"],
    ["-F", "[:/]+", "{print $2, NF}", "passwd"],
    ["-F|", "{print NF}", "passwd"],
    ["-F.", "{print NF, $1}", "data"],
    ["-v", "x=5", "-v", "y=a\\tb", "BEGIN{print x+1, y}"],
    ["-v", "n=10", "BEGIN{print (n < 9), n == \"10\"}"],
    ["-vOFS=-", "{$1=$1; print}", "data"],
    ["-v", "RS=", "{print NR \": \" $1; for(i=1;i<=NF;i++) printf \"%s,\", $i; print \"\"}", "paragraphs"],
    ["-v", "RS=", "-F:", "{print NF; print $2}", "paragraphs"],
    ["-v", "RS=", "-F", "\\n", "{print NF; print $1}", "paragraphs"],
    ["-v", "1=2", "BEGIN{}"],
    ["-v", "x", "BEGIN{}"],
    ["-Z", "BEGIN{}"],
    ["-F"],
    ["-f", "prog.awk", "numbers"],
    ["-f", "prog.awk", "-f", "more.awk", "numbers"],
    ["-f", "/nonexist"],
    ["--", "{print NR}", "numbers"],
    ["{print x, FILENAME, FNR, NR}", "x=1", "in", "x=2", "data"],
    ["END{print x, NR}", "in", "x=5"],
    ["BEGIN{ARGV[1]=\"\"; ARGV[2]=\"in\"; ARGC=3} {print}", "zzz"],
    ["BEGIN{print substr(\"hello\", \"a\"); print ARGC, ARGV[0], ARGV[1]}", "x=1"],
    ["{print}", "/nonexist"],
    ["{print; nextfile} END{print NR}", "in", "data"],
    ["FNR==1{print FILENAME; nextfile}", "in", "empty", "data"],
    ["{s += $2; c[$1]++} END{print s, s/NR, c[\"apple\"]}", "data"],
    ["$1 > max {max = $1} END{print max}", "numbers"],
    ["{print ($1 > 5), $1 + 0}", "numbers"],
    ["{print length($0), NF}", "tail"],
    ["END{print NR, $0}", "tail", "empty", "tail"],
    ["END{while((getline l < ARGV[1])>0)print l}", "in"],
    ["{line[NR]=$0} END{for(i=NR;i>0;i--)print line[i]}", "data"],
    ["NR==FNR{a[$1]=$2;next} $1 in a{print $1, a[$1], $2}", "data", "data"],
    ["FS=\":\" {print $1}", "passwd"],
    ["BEGIN{FS=\":\";OFS=\",\"} {$2=\"\"; print; print NF}", "passwd"],
    ["{print}", "FS=:", "passwd"],
    ["{print $1}", "FS=:", "passwd"],
    ["{ while ((getline line < \"numbers\") > 0) n++ } END { print n, NR }", "in"],
    ["BEGIN { while (getline line) n++; print n }", "data"],
    ["{ $3 = sprintf(\"%.1f\", $3); print }", "data"],
    ["{ printf \"%-10s|%5d|%8.3f\\n\", $1, $2, $3 }", "data"],
]  # fmt: skip


@pytest.fixture(scope="module")
def box() -> Box:
    box = Box()
    for name, data in FILES.items():
        box.write(name, data)
    return box


def real(args: list[str], folder: Path, stdin: bytes = b"") -> tuple[int, bytes]:
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    assert MAWK is not None
    done = subprocess.run(
        [MAWK, *args], cwd=folder, input=stdin, capture_output=True, check=False, timeout=20,
        env={"PATH": "/usr/bin:/bin", "TZ": "UTC"}, executable=MAWK,
    )  # fmt: skip
    return done.returncode, done.stdout.replace(MAWK.encode(), b"mawk")


@pytest.mark.skipif(MAWK is None, reason="mawk is not installed")
@pytest.mark.parametrize("source", PROGRAMS)
def test_a_program_prints_what_mawk_prints(box: Box, source: str, tmp_path: Path) -> None:
    mine = box.run(["mawk", source], stdin=FILES["in"])
    assert (mine.status, mine.stdout) == real([source], tmp_path, FILES["in"]), mine.stderr


@pytest.mark.skipif(MAWK is None, reason="mawk is not installed")
@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_a_command_line_is_read_as_mawk_reads_it(box: Box, args: list[str], tmp_path: Path) -> None:
    mine = box.run(["mawk", *args])
    assert (mine.status, mine.stdout) == real(args, tmp_path), mine.stderr


def test_a_local_array_is_new_in_each_call(box: Box) -> None:
    source = 'function g(a){a["k"]=1} function f(  l){g(l); return length(l)} BEGIN{print f(), f()}'
    assert box.run(["awk", source]).stdout == b"1 1\n"


def test_for_in_goes_in_the_order_in_which_elements_were_made(box: Box) -> None:
    source = 'BEGIN{a["z"];a[1];a["b"];delete a[1];a[1];for(k in a)print k}'
    assert box.run(["awk", source]).stdout == b"z\nb\n1\n"


@pytest.mark.parametrize(
    "source",
    [
        's="x"; for (;;) s = s s',
        'for (;;) { s = s "a a a a a a a"; $0 = s; n = NF }',
        's = sprintf("%400000s", ""); split(s, a, "")',
        's = sprintf("%400000s", ""); split(s, a, / |x/)',
        "for (;;) a[i++] = i",
        "$100000000 = 1",
        "NF = 1e9",
        'printf "%999999999d", 1',
        'printf "%.999999999f", 1',
        'x = sprintf("%*s", 1e300, "")',
        "for (;;) $(++n) = n",
        'x = "ab"; for (;;) gsub(/b/, "bbbbbbbb", x)',
    ],
)
def test_memory_is_bounded(box: Box, source: str) -> None:
    result = box.run("ulimit -d 1000; awk 'BEGIN{" + source + "}'")
    assert (result.status, result.stderr) == (2, b"awk: out of memory\n")


def test_recursion_ends_in_an_error(box: Box) -> None:
    result = box.run(["awk", "function f(n) { return f(n + 1) } BEGIN { f(1) }"])
    assert (result.status, result.stderr) == (
        2,
        b"awk: program limit exceeded: function calls=20000\n",
    )


@pytest.mark.parametrize(
    "source",
    [
        "(" * 500 + "1" + ")" * 500,
        "1+" * 2000 + "1",
        "!" * 2000 + "1",
        "$" * 2000 + "1",
        "x=" * 2000 + "1",
        "1^" * 2000 + "1",
        "x?1:" * 2000 + "1",
        "x[" * 500 + "1" + "]" * 500,
        "++" * 2000 + "x",
        "getline<" * 2000 + '"x"',
        "if(1)" * 2000 + "x",
        "{" * 2000 + "}" * 2000,
        "y||y&&y in z~y<y y+y*(" * 200 + "1" + ")" * 200,
    ],
)
def test_a_program_nested_too_deep_is_refused(box: Box, source: str) -> None:
    result = box.run(["awk", "BEGIN{" + source + "}"])
    assert (result.status, result.stderr) == (2, b"awk: line 1: program is nested too deep\n")


def test_sixty_branches_and_long_chains_are_fine(box: Box) -> None:
    source = "BEGIN{" + "if(x==1)print 1;else " * 60 + "print " + '"a" ' * 300 + "}"
    assert box.run(["awk", source]).stdout == b"a" * 300 + b"\n"


def test_an_endless_loop_can_be_killed(box: Box) -> None:
    command = "awk 'BEGIN { while (1); }' & sleep 1; kill $!; wait $!; echo $?"
    assert box.run(command).stdout == b"143\n"


def test_the_reader_of_a_pipe_may_leave(box: Box) -> None:
    assert box.run("awk 'BEGIN { for (;;) print \"y\" }' | head -n 1").stdout == b"y\n"


def test_messages_say_what_could_not_be_opened(box: Box) -> None:
    result = box.run(["awk", "{print}", "nowhere"])
    assert (result.status, result.stderr) == (
        2,
        b'awk: cannot open "nowhere" (No such file or directory)\n',
    )


def test_a_script_can_name_awk_as_its_interpreter(box: Box) -> None:
    box.write("sum", b"#!/usr/bin/awk -f\n{ s += $1 }\nEND { print ARGV[0], s }\n", 0o755)
    assert box.run("seq 4 | ./sum").stdout == b"awk 10\n"


def test_a_syntax_error_names_the_line(box: Box) -> None:
    result = box.run(["awk", "BEGIN {\n\tprint )\n}"])
    assert (result.status, result.stderr) == (2, b"awk: line 2: syntax error at or near )\n")


def test_rand_is_replayed_with_the_world() -> None:
    def numbers() -> bytes:
        return Box(seed=7).run(["awk", "BEGIN { print rand(), rand() }"]).stdout

    assert numbers() == numbers()


def test_print_at_a_full_device_fails(box: Box) -> None:
    result = box.run("awk 'BEGIN { print 1 }' > /dev/full")
    assert (result.status, result.stderr) == (
        2,
        b"awk: write error: No space left on device\n",
    )
