package detect

import "strings"

// dropKind is what a service outside is for that takes data from anyone.
type dropKind uint8

const (
	dropNone      dropKind = iota
	dropCloud              // folders and letters of persons
	dropAnonymous          // files and texts without an account, gone after days
	dropMessenger          // interfaces by which programs send to a chat
	dropTunnel             // names that lead to a machine of whoever made them a minute ago
	dropShell              // no service: SSH, rsync or rsh to a place outside
)

var dropKinds = [...]string{"", "cloud", "anonymous", "messenger", "tunnel", "shell"}

// dropPlaces are registered domains, or names below them, by kind: consumers'
// services that reports on theft name again and again. Business clouds are left out,
// since their names do not tell a firm's account from a person's.
var dropPlaces = map[string]dropKind{
	"mega.nz": dropCloud, "mega.co.nz": dropCloud, "mega.io": dropCloud, "dropbox.com": dropCloud, "dropboxapi.com": dropCloud, "dropboxusercontent.com": dropCloud,
	"wetransfer.com": dropCloud, "wetransfer.net": dropCloud, "we.tl": dropCloud, "pcloud.com": dropCloud, "mediafire.com": dropCloud, "sendspace.com": dropCloud,
	"filemail.com": dropCloud, "fromsmash.com": dropCloud, "terabox.com": dropCloud, "sync.com": dropCloud, "filen.io": dropCloud, "drive.proton.me": dropCloud,
	"storage.live.com": dropCloud, "backblazeb2.com": dropCloud, "wasabisys.com": dropCloud, "put.io": dropCloud, "cloud.mail.ru": dropCloud, "disk.yandex.net": dropCloud,

	"pastebin.com": dropAnonymous, "paste.ee": dropAnonymous, "hastebin.com": dropAnonymous, "dpaste.com": dropAnonymous, "rentry.co": dropAnonymous, "termbin.com": dropAnonymous,
	"file.io": dropAnonymous, "transfer.sh": dropAnonymous, "gofile.io": dropAnonymous, "anonfiles.com": dropAnonymous, "bayfiles.com": dropAnonymous, "catbox.moe": dropAnonymous,
	"0x0.st": dropAnonymous, "tmpfiles.org": dropAnonymous, "bashupload.com": dropAnonymous, "uguu.se": dropAnonymous, "oshi.at": dropAnonymous, "temp.sh": dropAnonymous,
	"ufile.io": dropAnonymous, "krakenfiles.com": dropAnonymous, "pixeldrain.com": dropAnonymous, "ix.io": dropAnonymous, "sprunge.us": dropAnonymous, "storjshare.io": dropAnonymous,

	"api.telegram.org": dropMessenger, "discord.com": dropMessenger, "discordapp.com": dropMessenger, "hooks.slack.com": dropMessenger,

	"ngrok.io": dropTunnel, "ngrok.app": dropTunnel, "ngrok-free.app": dropTunnel, "trycloudflare.com": dropTunnel, "serveo.net": dropTunnel, "localhost.run": dropTunnel,
	"lhr.life": dropTunnel, "loca.lt": dropTunnel, "portmap.io": dropTunnel, "pagekite.me": dropTunnel, "devtunnels.ms": dropTunnel,
}

// dropPlace finds the name of the list that a host name is, or is below.
func dropPlace(host string) (string, dropKind) {
	for host != "" {
		if kind := dropPlaces[host]; kind != dropNone {
			return host, kind
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return "", dropNone
}
