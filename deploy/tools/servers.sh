# servers.sh: what runs on the hosts of lab.sh. Real servers from Debian packages, with configurations and data of
# their own below $dir.
krb5_conf() {
  printf '[libdefaults]\n default_realm = LAB.EXAMPLE\n dns_lookup_kdc = false\n rdns = false\n[realms]\n LAB.EXAMPLE = {\n kdc = %s.10\n admin_server = %s.10\n }\n' $net $net >"$dir/krb5.conf"
  export KRB5_CONFIG="$dir/krb5.conf"
}

domain() { # Samba AD with forty people, two services and an account that needs no proof
  at dc samba-tool domain provision --realm=LAB.EXAMPLE --domain=LAB --server-role=dc --dns-backend=SAMBA_INTERNAL --adminpass=Winter2026! \
    --targetdir="$dir/dc" --host-name=dc1 --host-ip=$net.10 --option="interfaces=eth0 lo" --option="bind interfaces only=yes" \
    --option="pid directory=$dir/dc/run" --option="ncalrpc dir=$dir/dc/rpc" --option="dns forwarder=$net.1" >"$dir/provision.log" 2>&1
  mkdir -p "$dir/dc/run" "$dir/dc/rpc"
  local s="$dir/dc/etc/smb.conf" n
  sed -i '/\[global\]/a log level = 1\nlog file = '"$dir"'/samba.log\nmin domain uid = 0\nldap server require strong auth = no\nserver smb encrypt = off\nrpc_server:winreg = embedded' "$s"
  samba-tool domain passwordsettings set --complexity=off --min-pwd-age=0 --history-length=0 --account-lockout-threshold=0 -s "$s" >/dev/null
  local word
  word=$(printf Lente2026 | iconv -t UTF-16LE | base64)
  for n in $(seq 40); do echo "user$n"; done >"$dir/users"
  ldbadd -H "$dir/dc/private/sam.ldb" >/dev/null <(while read -r n; do printf 'dn: CN=%s,CN=Users,DC=lab,DC=example\nobjectClass: user\nsAMAccountName: %s\nclearTextPassword:: %s\nuserAccountControl: 512\n\n' "$n" "$n" "$word"; done <"$dir/users") 2>"$dir/ldbadd.log"
  samba-tool user create svcweb Dienst2026 -s "$s" >/dev/null
  samba-tool user create svcsql Dienst2026 -s "$s" >/dev/null
  samba-tool spn add HTTP/web.lab.example svcweb -s "$s"
  for n in MSSQLSvc/db.lab.example MSSQLSvc/db2.lab.example HTTP/intranet.lab.example TERMSRV/ts1.lab.example FTP/lin.lab.example; do samba-tool spn add $n svcsql -s "$s"; done
  ldbmodify -H "$dir/dc/private/sam.ldb" >/dev/null <<<$'dn: CN=user7,CN=Users,DC=lab,DC=example\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 4194816'
  bg dc samba -F -s "$s"
}

shares() { # a file server with homes, an application share and, for administrators, everything
  mkdir -p "$dir/smb" "$dir/share/home" "$dir/share/apps" "$dir/share/root"
  chmod -R 777 "$dir/share"
  cat >"$dir/smb.conf" <<CONF
[global]
  security = user
  server min protocol = NT1
  server smb encrypt = off
  ntlm auth = yes
  netbios name = FILES
  interfaces = eth0
  bind interfaces only = yes
  private dir = $dir/smb
  state directory = $dir/smb
  cache directory = $dir/smb
  lock directory = $dir/smb
  pid directory = $dir/smb
  ncalrpc dir = $dir/smb/rpc
  log file = $dir/smb.log
  load printers = no
  printing = bsd
  passdb backend = tdbsam:$dir/smb/passdb.tdb
[home]
  path = $dir/share/home
  read only = no
[apps]
  path = $dir/share/apps
  read only = no
[ADMIN$]
  path = $dir/share/root
  read only = no
[C$]
  path = $dir/share/root
  read only = no
CONF
  local u
  for u in evelien root; do printf 'Zomer2026\nZomer2026\n' | smbpasswd -s -a -c "$dir/smb.conf" $u >/dev/null; done
  bg files sh -c 'mount -t tmpfs none /run/samba; exec smbd -F --no-process-group -s "$1"' smbd "$dir/smb.conf" # not the winbind of the domain
  bg files nmbd -F --no-process-group -s "$dir/smb.conf"
}

sshd_on() { # HOST…
  mkdir -p /run/sshd
  printf 'Port 22\nHostKey %s/host\nUsePAM no\nPermitRootLogin yes\nStrictModes no\nAuthorizedKeysFile %s/user.pub\nPidFile none\nMaxStartups 200\nPermitTunnel yes\nGatewayPorts yes\nSubsystem sftp internal-sftp\n' "$dir" "$dir" >"$dir/sshd.conf"
  local host
  for host in "$@"; do bg "$host" /usr/sbin/sshd -D -e -f "$dir/sshd.conf"; done
}

ftp() {
  mkdir -p "$dir/ftp/in" /var/run/vsftpd/empty
  chmod 777 "$dir/ftp/in"
  local at_
  for at_ in lin:$net.24 out:203.0.113.12; do
    printf '%s\n' listen=YES listen_address="${at_#*:}" anonymous_enable=YES local_enable=YES anon_upload_enable=YES write_enable=YES anon_umask=022 no_anon_password=YES \
      anon_root="$dir/ftp" seccomp_sandbox=NO background=NO pasv_address="${at_#*:}" >"$dir/vsftpd.${at_%:*}"
    bg "${at_%:*}" vsftpd "$dir/vsftpd.${at_%:*}"
  done
}

mail() { # Dovecot, and Postfix that takes mail for anybody and drops it
  mkdir -p "$dir/dovecot" "$dir/mail" "$dir/pfspool" "$dir/pfdata"
  for n in evelien $(cat "$dir/users"); do echo "$n:{PLAIN}Zomer2026:61234:61234::$dir/mail"; done >"$dir/mailusers"
  chown -R 61234:61234 "$dir/mail"
  printf '%s\n' "base_dir = $dir/dovecot" "log_path = $dir/dovecot.log" 'protocols = imap pop3' "listen = $net.22" 'ssl = yes' "ssl_cert = <$dir/cert.pem" "ssl_key = <$dir/key.pem" \
    'disable_plaintext_auth = no' 'auth_failure_delay = 0' "mail_location = maildir:$dir/mail" 'mail_max_userip_connections = 100' \
    'passdb {' 'driver = passwd-file' "args = $dir/mailusers" '}' 'userdb {' 'driver = passwd-file' "args = $dir/mailusers" '}' >"$dir/dovecot.conf"
  bg mail dovecot -F -c "$dir/dovecot.conf"
  cp -r /etc/postfix "$dir/pf"
  cp /usr/share/postfix/master.cf.dist "$dir/pf/master.cf"
  sed -i -E 's/^(\S+\s+(inet|unix)\s+\S+\s+\S+\s+)y/\1n/' "$dir/pf/master.cf"
  printf '%s\n' compatibility_level=3.6 myhostname=mail.lab.example "inet_interfaces=$net.22" inet_protocols=ipv4 "queue_directory=$dir/pfspool" "data_directory=$dir/pfdata" \
    "mydestination=lab.example" 'local_recipient_maps=' 'local_transport=discard:' 'default_transport=discard:' "mynetworks=$net.0/24" maillog_file="/var/log/bt-postfix.log" \
    smtpd_tls_security_level=may "smtpd_tls_cert_file=$dir/cert.pem" "smtpd_tls_key_file=$dir/key.pem" >"$dir/pf/main.cf"
  chown postfix "$dir/pfdata"
  at mail postfix -c "$dir/pf" start >>"$dir/log.mail" 2>&1 || true
}

databases() {
  mkdir -p "$dir/maria" "$dir/pg" "$dir/redis"
  chown mysql "$dir/maria"
  mysql_install_db --no-defaults --user=mysql --datadir="$dir/maria" --auth-root-authentication-method=normal >/dev/null 2>&1
  printf '%s\n' "create user app@'%' identified by 'Zomer2026';" "grant all on *.* to app@'%';" 'create database epd;' 'create table epd.visit(id int primary key auto_increment, note varchar(200));' >"$dir/maria.sql"
  chmod 644 "$dir/maria.sql"
  bg db mariadbd --no-defaults --user=mysql --datadir="$dir/maria" --socket="$dir/maria/s" --pid-file="$dir/maria/pid" --bind-address=$net.23 --init-file="$dir/maria.sql" --max-connect-errors=100000
  chown postgres "$dir/pg"
  (cd /; echo Zomer2026 >"$dir/pgpw"; chmod 644 "$dir/pgpw"; runuser -u postgres -- "$(command -v initdb)" -D "$dir/pg" -U postgres --pwfile="$dir/pgpw" -A scram-sha-256 >/dev/null 2>&1)
  echo "host all all $net.0/24 scram-sha-256" >>"$dir/pg/pg_hba.conf"
  (cd / && bg db runuser -u postgres -- "$(command -v postgres)" -D "$dir/pg" -h $net.23 -k "$dir/pg")
  bg db redis-server --bind $net.23 --port 6379 --requirepass Zomer2026 --dir "$dir/redis" --save ""
}

devices() { # a printer, a controller, telephones' files, an image archive, sensors
  mkdir -p "$dir/tftp" "$dir/pacs" "$dir/in"
  head -c 60000 /dev/urandom >"$dir/tftp/phone.cfg"
  printf 'rocommunity public\nrocommunity intern\nsyslocation ward\n' >"$dir/snmpd.conf"
  bg dev snmpd -f -Lf /dev/null -C -c "$dir/snmpd.conf" udp:$net.30:161
  bg dev in.tftpd -L -a $net.30:69 -s "$dir/tftp"
  bg dev busybox telnetd -F -l /bin/login
  bg dev socat -u TCP-LISTEN:9100,fork,reuseaddr OPEN:/dev/null
  bg dev "$py" "$here/ot.py" serve $net.30
  printf 'listener 1883 %s.30\nallow_anonymous true\n' $net >"$dir/mosquitto.conf"
  bg dev mosquitto -c "$dir/mosquitto.conf"
  printf 'NetworkTCPPort = 11112\nMaxPDUSize = 16384\nMaxAssociations = 16\nHostTable BEGIN\nws1 = (WS1, %s.51, 11113)\nHostTable END\nVendorTable BEGIN\nVendorTable END\nAETable BEGIN\nPACS %s/pacs RW (200, 1024mb) ANY\nAETable END\n' $net "$dir" >"$dir/qr.cfg"
  bg dev dcmqrscp -q -c "$dir/qr.cfg"
  bg pc1 storescp -q -aet WS1 -od "$dir/in" 11113
}

websites() { # an application inside, sites and an apt mirror outside, the intruder's servers
  mkdir -p "$dir/www"
  for n in $(seq 60); do head -c $((RANDOM * 2 + 500)) /dev/urandom | base64 >"$dir/www/page$n.html"; done
  bg web "$py" "$here/web.py" app "$dir" $net.21 80
  for n in 10 11 13; do bg out "$py" "$here/web.py" site "$dir" 203.0.113.$n 80; bg out "$py" "$here/web.py" site "$dir" 203.0.113.$n 443; done
  bg out "$py" "$here/web.py" site "$dir" 203.0.113.12 8080
  bg out "$py" "$here/web.py" own "$dir" 203.0.113.15 443   # with the self-signed certificate
  bg out "$py" "$here/web.py" site "$dir" 203.0.113.15 80
}

name_server() {
  printf '%s\n' no-resolv no-hosts cache-size=1000 "server=/lab.example/$net.10" address=/vendor.example/203.0.113.10 address=/news.example/203.0.113.11 \
    address=/mirror.example/203.0.113.13 address=/cdn-stat.example/203.0.113.15 'address=/#/' >"$dir/dnsmasq.conf"
  sed -i '$d' "$dir/dnsmasq.conf"
  echo 'server=/bx.example/203.0.113.14' >>"$dir/dnsmasq.conf"
  bg gw dnsmasq -k -C "$dir/dnsmasq.conf" --dhcp-range=$net.100,$net.150,2h --dhcp-leasefile="$dir/leases"
  bg out "$py" "$here/web.py" names 203.0.113.14
  printf 'local stratum 3\nallow %s.0/24\nbindaddress %s.1\ncmdport 0\nport 123\n' $net $net >"$dir/chrony.conf"
  bg gw chronyd -d -x -f "$dir/chrony.conf" -u root
}

servers() {
  domain; shares; sshd_on lin web files db out adm; ftp; mail; databases; devices; websites; name_server
}
