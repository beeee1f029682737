package detect

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// remoteAdmin notes ways to manage a machine from afar that stand open, or that go
// around the ways which the house has chosen.
type remoteAdmin struct{ *exposures }

// Places in adminWords.
const (
	adminVNC = iota
	adminSNMP
	adminRDP
	adminTFTP
	adminTool
)

var adminWords = []string{
	adminVNC: "VNC without a login", adminSNMP: "SNMP with a well-known community", adminRDP: "RDP without TLS",
	adminTFTP: "files written by TFTP", adminTool: "remote control by a service outside",
}

// adminTools are the domains of services by which people control a machine from
// elsewhere. A supplier may be allowed to; an intruder uses the same.
var adminTools = []string{
	"anydesk.com", "teamviewer.com", "logmein.com", "logmeinrescue.com", "screenconnect.com", "splashtop.com", "rustdesk.com",
	"dwservice.net", "zohoassist.com", "gotoassist.com", "getgo.com", "remotepc.com", "parsec.app", "tailscale.com", "zerotier.com", "ngrok.com", "ngrok.io",
}

func newRemoteAdmin(env Env, decode Decoder) (Detector, error) {
	return &remoteAdmin{newExposures(env, "remote-admin", adminWords)}, decode(&struct{}{})
}

func (r *remoteAdmin) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	switch kind := r.kind(e); {
	case kind == adminTool: // the service is outside: who uses it is the news
		r.note(kind, event.Client, e, report)
	case kind >= 0:
		r.note(kind, event.Server, e, report)
	}
}

// kind is the place of what an event shows, -1 nothing.
func (r *remoteAdmin) kind(e *event.Event) int {
	switch e.Kind {
	case "vnc":
		if event.IsTrue(e.Data, "brandmelder.vnc.open") {
			return adminVNC
		}
	case "snmp": // a device that answers takes the community
		if event.IsTrue(e.Data, "brandmelder.snmp.default_community") && event.TextOf(e.Data, "brandmelder.snmp.from") == "server" && event.TextOf(e.Data, "brandmelder.snmp.operation") == "response" {
			return adminSNMP
		}
	case "rdp":
		if event.TextOf(e.Data, "brandmelder.rdp.selected") == "rdp" {
			return adminRDP
		}
	case "tftp":
		if event.TextOf(e.Data, "brandmelder.tftp.operation") == "write" && event.NumberOf(e.Data, "brandmelder.tftp.blocks") > 0 {
			return adminTFTP
		}
	case "tls":
		if isTool(event.TextOf(e.Data, "tls.client.server_name")) {
			return adminTool
		}
	}
	return -1
}

func isTool(name string) bool {
	for _, domain := range adminTools {
		if rest, ok := strings.CutSuffix(name, domain); ok && (rest == "" || strings.HasSuffix(rest, ".")) {
			return true
		}
	}
	return false
}

func init() {
	register(Spec{
		Name: "remote-admin", Doc: "a way to manage a machine from afar stands open, or goes around the house's own",
		Family: "policy", Technique: []string{"T1219", "T1021.005", "T1602"},
		Class: event.Absolute, Severity: event.Low,
		Wants: []string{"vnc", "snmp", "rdp", "tftp", "tls"}, Facts: exposureTable, New: newRemoteAdmin,
	})
}
