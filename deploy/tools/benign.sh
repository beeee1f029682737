# benign.sh: ordinary work, and what goes on all the time beside every scenario (everyday).
everyday() {
  local n=0 pauses=(0.1 0.1 0.2 0.3 0.5 0.8 1 2 3 5 8)
  while :; do
    n=$((n + 1))
    at pc2 curl -s -o /dev/null "http://www.news.example/page$((RANDOM % 60 + 1)).html"
    sleep ${pauses[RANDOM % 11]}
    at pc3 curl -s -o /dev/null --cacert "$dir/ca.pem" "https://www.vendor.example/page$((RANDOM % 60 + 1)).html"
    [ $((n % 4)) != 0 ] || at pc3 dig +short +time=1 +tries=1 "$((RANDOM % 9)).news.example" >/dev/null
    [ $((n % 7)) != 0 ] || at pc2 smbclient //$net.20/home -U evelien%Zomer2026 -c ls >/dev/null
    sleep ${pauses[RANDOM % 11]}
  done
}
key() { echo -q -i "$dir/user" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null; }

half=1
scenario none quiet_background
quiet_background() { sleep 40; }
scenario none browse 10
browse() { for n in $(seq 40); do at pc1 curl -s -o /dev/null -A Firefox "http://www.news.example/page$((RANDOM % 60 + 1)).html" "http://static.news.example/page$((RANDOM % 60 + 1)).html" --cacert "$dir/ca.pem" "https://www.vendor.example/page$((RANDOM % 60 + 1)).html"; sleep "$((RANDOM % 3)).$((RANDOM % 9))"; done; }
scenario none homes_many_files
homes_many_files() { mkdir -p "$dir/h"; for n in $(seq 800); do echo "brief $n" | cat - "$dir/www/page$((n % 60 + 1)).html" | head -c 4000 >"$dir/h/brief$n.docx"; done; cd "$dir/h" && at pc1 smbclient //$files/home -U evelien%Zomer2026 -c "prompt off; mkdir h; cd h; mput *.docx"; for n in 1 2 3; do at pc1 smbclient //$files/home -U evelien%Zomer2026 -c "cd h; rename brief$n.docx concept$n.docx; del brief1$n.docx; put $dir/h/brief5.docx nieuw$n.docx; ls"; done; }
scenario none rsync_backup
rsync_backup() { mkdir -p "$dir/data"; for n in $(seq 200); do head -c 200000 /dev/urandom >"$dir/data/$n.bin"; done; at files rsync -a -e "ssh $(key)" "$dir/data" "root@$lin:$dir/backup"; at web rsync -a -e "ssh $(key)" "$dir/www" "root@$lin:$dir/backup2"; }
scenario none pg_dump_net
pg_dump_net() { for n in 1 2; do PGPASSWORD=Zomer2026 at lin psql -h $db -U postgres -c "create table if not exists t$n as select generate_series(1,200000) as a, md5(random()::text) as b"; PGPASSWORD=Zomer2026 at lin pg_dump -h $db -U postgres -f "$dir/pg.sql" postgres; done; }
scenario none+cleartext-credentials monitoring 20
monitoring() { local p=/usr/lib/nagios/plugins; for n in $(seq 12); do at lin $p/check_http -H $web -u /page1.html; at lin $p/check_ssh $web; at lin $p/check_tcp -H $files -p 445; at lin $p/check_tcp -H $db -p 5432; at lin $p/check_tcp -H $mail -p 25; at lin $p/check_ping -H $dc -w 100,20% -c 200,50%; at lin $p/check_dns -H www.news.example -s $net.1; for c in intern; do at lin snmpwalk -v2c -c $c $dev system; done; sleep 1; done; }
scenario none admin_ssh_round
admin_ssh_round() { for n in 1 2 3; do for h in $lin $web $files $db; do at adm ssh $(key) root@$h "uptime; df -h; head -c 20000 /etc/services"; done; done; at adm scp $(key) /etc/services root@$web:/dev/null; }
scenario none+cleartext-credentials mail_day 20
mail_day() { for n in $(seq 6); do at pc1 "$py" "$here/work.py" imap $mail evelien Zomer2026; at pc3 "$py" "$here/work.py" pop3 $mail user4 Zomer2026; at pc1 swaks --server $mail --from evelien@lab.example --to "user$n@lab.example" --attach @/etc/services; sleep 2; done; }
scenario none clocks 60
clocks() { for n in 1 2 3; do bg pc$n chronyd -d -x -u root -f <(printf 'server %s.1 iburst minpoll 0 maxpoll 1\ncmdport 0\n' $net); done; sleep 40; for n in 1 2 3; do ip netns pids "bt-pc$n-$id" | xargs -r ps -o pid=,comm= -p | awk '/chronyd/{print $1}' | xargs -r kill; done; }
scenario none+cleartext-credentials address_book
address_book() { for n in $(seq 15); do at pc1 ldapsearch -x -H ldap://$dc -D user1@lab.example -w Lente2026 -b DC=lab,DC=example "(|(cn=user$n*)(mail=user$n*))" cn mail; done; }
scenario none kinit_day
kinit_day() { for n in 1 2 3; do echo Lente2026 | KRB5CCNAME=$dir/cc$n at pc$n kinit "user$n"; for s in cifs/dc1.lab.example ldap/dc1.lab.example; do KRB5CCNAME=$dir/cc$n at pc$n kvno $s; done; at pc$n smbclient //$dc/sysvol -U "LAB\\user$n%Lente2026" -c "cd lab.example; recurse; ls"; KRB5CCNAME=$dir/cc$n at pc$n kinit -R; done; }
scenario none helpdesk
helpdesk() { local s="--server=$dc"; for u in user11 user12; do at adm samba-tool user show $u -H ldap://dc1.lab.example -U Administrator%Winter2026!; at adm samba-tool user disable $u -H ldap://dc1.lab.example -U Administrator%Winter2026!; at adm samba-tool user enable $u -H ldap://dc1.lab.example -U Administrator%Winter2026!; done; at adm samba-tool user create nieuw$RANDOM Welkom2026 -H ldap://dc1.lab.example -U Administrator%Winter2026!; }
scenario none printing
printing() { for n in 1 2 3 4; do for h in pc1 pc2; do (printf '%%!PS-Adobe-3.0\n'; head -c 300000 "$dir/www/page$n.html" | base64) | at $h timeout 5 ncat --send-only $dev 9100; done; sleep 1; done; }
scenario none dicom_day
dicom_day() { at pc1 "$py" "$here/work.py" images "$dir"; for n in $(seq 5); do at pc1 echoscu -aet WS1 -aec PACS $dev 11112; at pc1 storescu -aet WS1 -aec PACS $dev 11112 "$dir"/i$n.dcm; sleep 1; at pc1 findscu -aet WS1 -aec PACS -S -k 0008,0052=STUDY -k "0010,0020=P$n" $dev 11112; at pc1 movescu -aet WS1 -aec PACS -aem WS1 -S -k 0008,0052=STUDY -k "0020,000D=1.2.3.4.$n" $dev 11112; done; }
scenario none sensors
sensors() { for n in $(seq 30); do for h in pc1 pc2 pc3; do at $h mosquitto_pub -h $dev -t "ward/$h/temp" -m "2$n.5"; done; sleep .5; done; }
scenario none server_down 30
server_down() { for n in $(seq 40); do at pc1 curl -s -m 1 -o /dev/null http://203.0.113.18/api/feed; at pc1 curl -s -m 1 -o /dev/null http://$lin:8080/; sleep 1; done; }
scenario none apt_mirror
apt_mirror() { for h in web lin db; do for n in $(seq 20); do at $h curl -s -o /dev/null -A 'Debian APT-HTTP/1.3 (2.6.1)' "http://deb.mirror.example/debian/page$n.html" "http://deb.mirror.example/debian/tool.deb"; done; done; }
scenario none scada_poll
scada_poll() { at adm "$py" "$here/ot.py" poll $dev; }
scenario none mistyped
mistyped() { for n in 1 2 3; do at pc1 smbclient //$files/home -U evelien%fout$n -c ls; at pc1 "$py" "$here/agent.py" ssh $lin evelien fout; done; at pc1 smbclient //$files/home -U evelien%Zomer2026 -c ls; }
half=2
scenario none restic_backup
restic_backup() { mkdir -p "$dir/data2" /root/.ssh; for n in $(seq 60); do head -c 500000 /dev/urandom >"$dir/data2/$n.bin"; done; local r="sftp:root@$lin:$dir/restic"; RESTIC_PASSWORD=x at files restic -o sftp.command="ssh $(key) root@$lin -s sftp" -r "$r" init; RESTIC_PASSWORD=x at files restic -o sftp.command="ssh $(key) root@$lin -s sftp" -r "$r" backup "$dir/data2"; }
scenario none smb_backup
smb_backup() { mkdir -p "$dir/data3"; for n in $(seq 40); do head -c 800000 /dev/urandom >"$dir/data3/b$n.vbk"; done; cd "$dir/data3" && at db smbclient //$files/apps -U root%Zomer2026 -c "prompt off; mkdir nightly; cd nightly; mput *.vbk"; }
scenario none mysql_pool
mysql_pool() { for n in $(seq 60); do at web mariadb --skip-ssl -h $db -u app -pZomer2026 epd -e "insert into visit(note) values('x$n'); select count(*) from visit;"; done; at lin mariadb-dump --skip-ssl -h $db -u app -pZomer2026 epd; }
scenario none redis_pool
redis_pool() { for n in $(seq 60); do at web redis-cli -h $db -a Zomer2026 --no-auth-warning set "k$n" v; at web redis-cli -h $db -a Zomer2026 --no-auth-warning get "k$n"; done; }
scenario none scrape 15
scrape() { for h in lin web db files; do bg $h prometheus-node-exporter --web.listen-address=:9100; done; for n in $(seq 30); do for h in $lin $web $db $files; do at adm curl -s -o /dev/null -A Prometheus/2.42.0 "http://$h:9100/metrics"; done; sleep 1; done; }
scenario none patch_round
patch_round() { head -c 3000000 /usr/bin/python3.11 >"$dir/patch.bin"; for h in $lin $web $files $db; do at adm scp $(key) "$dir/patch.bin" root@$h:/tmp/bt-patch; at adm ssh $(key) root@$h "ls -la /tmp/bt-patch; rm -f /tmp/bt-patch"; done; }
scenario none hl7_day
hl7_day() { bg dev "$py" "$here/work.py" bus $dev 2575; sleep 1; at lin "$py" "$here/work.py" hl7 $dev 2575 60; }
scenario none git_work
git_work() { git init -q --bare "$dir/repo.git"; git -C "$dir" clone -q "$dir/repo.git" "$dir/w0"; for n in 1 2 3; do GIT_SSH_COMMAND="ssh $(key)" at pc$n git clone -q "root@$lin:$dir/repo.git" "$dir/w$n"; cp "$dir/www"/page$n*.html "$dir/w$n"; (cd "$dir/w$n" && git add . && git -c user.name=x -c user.email=x@x commit -qm x && GIT_SSH_COMMAND="ssh $(key)" at pc$n git pull -q --rebase; GIT_SSH_COMMAND="ssh $(key)" at pc$n git push -q); done; }
scenario none layers
layers() { for n in 1 2 3 4 5 6; do head -c 4000000 /dev/urandom >"$dir/www/layer$n"; at lin curl -s -o /dev/null -A docker/24.0 --cacert "$dir/ca.pem" "https://registry.vendor.example/v2/app/blobs/layer$n" "https://registry.vendor.example/v2/app/manifests/page$n.html"; done; }
scenario none call
call() { at pc1 timeout 30 ffmpeg -loglevel error -re -f lavfi -i sine=f=440 -t 25 -ar 8000 -acodec pcm_mulaw -f rtp rtp://$net.53:17000 & at pc3 timeout 30 ffmpeg -loglevel error -re -f lavfi -i sine=f=220 -t 25 -ar 8000 -acodec pcm_mulaw -f rtp rtp://$net.51:17002; wait; }
scenario none leases
leases() { for n in 1 2 3; do for h in pc1 pc2 pc3; do at $h timeout 8 udhcpc -i eth0 -n -q -f -s /bin/true; done; done; }
scenario none phone_boot
phone_boot() { for n in 1 2 3; do at pc$n "$py" "$here/agent.py" tftp $dev phone.cfg; done; }
scenario none rollout
rollout() { agent adm exe "$dir/setup.exe"; at adm smbclient //$files/apps -U root%Zomer2026 -c "put $dir/setup.exe setup.exe"; for n in 1 2 3; do at pc$n smbclient //$files/apps -U evelien%Zomer2026 -c "get setup.exe /dev/null"; done; }
scenario none vendor_update
vendor_update() { agent adm exe "$dir/www/update.exe"; for n in 1 2 3; do at pc$n curl -s -o /dev/null -A 'Vendor Updater/3.1' http://download.vendor.example/update.exe; done; }
scenario none domain_join
domain_join() { mkdir -p "$dir/join/p"; printf '[global]\nworkgroup=LAB\nrealm=LAB.EXAMPLE\nsecurity=ads\nnetbios name=pc1\nprivate dir=%s\nlock directory=%s\nstate directory=%s\ncache directory=%s\n' "$dir/join/p" "$dir/join/p" "$dir/join/p" "$dir/join/p" >"$dir/join/smb.conf"; at pc1 net ads join -s "$dir/join/smb.conf" -U Administrator%Winter2026! -S dc1.lab.example; at pc1 net ads gpo list pc1 -s "$dir/join/smb.conf" -U Administrator%Winter2026! -S dc1.lab.example; at pc1 net ads info -s "$dir/join/smb.conf" -S dc1.lab.example; }
scenario none remote_desktop
remote_desktop() { bg lin xrdp --nodaemon; sleep 1; at adm timeout 20 xvfb-run -a xfreerdp /v:$lin /u:evelien /p:Zomer2026 /cert:ignore /sec:tls; kill "$(ip netns pids "bt-lin-$id" | xargs ps -o pid=,comm= -p | awk '/xrdp/{print $1}' | head -n1)"; }
scenario none rest_client 30
rest_client() { for n in $(seq 40); do at web curl -s -o /dev/null --cacert "$dir/ca.pem" -H 'Content-Type: application/json' -d "{\"order\":$n,\"ok\":true}" https://api.vendor.example/v1/orders; sleep "$((RANDOM % 2)).$((RANDOM % 9))"; done; }
scenario none cloud_sync
cloud_sync() { mkdir -p "$dir/sync"; for n in $(seq 20); do head -c 300000 /dev/urandom >"$dir/sync/f$n.docx"; done; for h in pc1 pc2 pc3; do for f in $(seq 20); do at $h curl -s -o /dev/null --cacert "$dir/ca.pem" -T "$dir/sync/f$f.docx" "https://drive.vendor.example/sync/$h/f$f"; done; done; }
