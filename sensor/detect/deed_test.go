package detect

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// deedStories is the latest of each story of a ledger of deeds, as one line.
func deedStories(found []event.Finding) map[string]string {
	out := map[string]string{}
	for _, f := range found {
		facts := f.Facts.(*deedFacts)
		out[f.Key] = fmt.Sprintf("%d %s ×%d", f.Severity, strings.Join(facts.What, ", "), facts.Count)
	}
	return out
}

// deedHits is what the scenes of each detector come to.
var deedHits = map[string]map[string]string{
	"remote-execution": {
		"10.0.0.1 10.0.1.1":  "73 CreateService, StartService ×2",
		"10.0.0.2 10.0.1.1":  "47 WMI ExecMethod ×1",
		"10.0.0.3 10.0.1.1":  "73 program copied ×1",
		"10.0.0.4 10.0.1.1":  "73 DCOM application ×1",
		"10.0.0.5 10.0.1.1":  "73 PsExec pipe ×1",
		"10.0.0.6 10.0.1.1":  "73 output file ×1",
		"10.0.0.7 10.0.1.1":  "47 WinRM ×2",
		"10.0.0.10 10.0.1.1": "47 WinRM ×1",
		"10.0.0.8 10.0.2.1":  "73 scheduled task ×1",
		"10.0.0.9 10.0.1.1":  "47 refused attempt to start a program ×1",
		"10.0.0.8 *":         "73 scheduled task ×32",
	},
	"credential-theft": {
		"10.0.0.1 10.0.9.1": "99 DRSGetNCChanges ×1",
		"10.0.0.2 10.0.9.1": "73 LsarRetrievePrivateData ×1",
		"10.0.9.1 10.0.0.3": "99 DRSAddEntry ×1",
		"10.0.0.4 10.0.1.1": "73 BaseRegSaveKey, file of secrets read ×2",
		"10.0.0.5 10.0.9.1": "73 file of secrets read ×1",
		"10.0.0.6 10.0.9.1": "73 LsarSetSecret, SamrSetInformationUser ×2",
		"10.0.0.7 10.0.9.1": "47 msDS-KeyCredentialLink changed ×1",
		"10.0.0.8 10.0.9.1": "47 AD FS key ×1",
		"10.0.0.9 10.0.9.1": "47 LsarRetrievePrivateData refused ×1",
	},
	"smb-exploit": {
		"10.0.0.1 10.0.1.1":  "73 MS17-010 check: vulnerable ×1",
		"10.0.0.2 10.0.1.1":  "47 MS17-010 check ×1",
		"10.0.0.3 10.0.1.1":  "99 DoublePulsar answers ×1",
		"10.0.0.4 10.0.1.1":  "99 DoublePulsar ping, EternalBlue ×2",
		"10.0.0.5 10.0.1.1":  "99 EternalRomance ×1",
		"10.0.0.6 10.0.1.1":  "73 MS08-067 ×1",
		"10.0.0.7 10.0.1.1":  "73 MS04-011 ×1",
		"10.0.0.8 10.0.1.1":  "73 CVE-2020-0796 ×1",
		"10.0.0.9 10.0.1.1":  "73 CVE-2017-7494 ×1",
		"10.0.0.10 10.0.1.1": "47 AddPrinterDriver ×1",
		"10.0.0.11 10.0.1.1": "73 CVE-2007-2447 ×1",
	},
	"netlogon-exploit": {
		"10.0.0.1 10.0.9.1": "99 NetrServerReqChallenge with zeros, many NetrServerAuthenticate, NetrServerAuthenticate accepted, NetrServerPasswordSet2 after it ×582",
		"10.0.0.2 10.0.9.1": "73 many NetrServerAuthenticate ×16",
	},
	"rdp-anomaly": {
		"203.0.113.5 10.0.1.1": "73 session from outside, login from outside accepted ×2",
		"203.0.113.6 10.0.1.1": "47 session from outside ×1",
		"10.0.0.3 10.0.1.1":    "47 client made by hand ×1",
		"127.0.0.1 127.0.0.2":  "47 session through a tunnel on this machine ×1",
	},
	"service-exploit": {
		"10.0.0.1 10.0.1.1":   "99 Heartbleed: memory of the server returned ×1",
		"10.0.0.2 10.0.1.1":   "73 Heartbleed request ×1",
		"10.0.0.3 10.0.1.1":   "73 BlueKeep: channel MS_T120 ×1",
		"10.0.0.4 10.0.1.1":   "73 telnet: an option as the name of the user ×1",
		"10.0.0.5 10.0.1.1":   "73 telnet: key id longer than the server's room for it ×1",
		"10.0.0.6 10.0.1.1":   "73 FTP: the name that opens the backdoor of vsftpd 2.3.4 ×1",
		"10.0.0.7 10.0.1.1":   "73 IRC: the word that opens the backdoor of UnrealIRCd 3.2.8.1 ×1",
		"10.0.0.8 10.0.1.1":   "73 a command as the name of a user ×1",
		"10.0.0.9 10.0.1.1":   "73 a command as the name of a user ×1",
		"10.0.0.30 10.0.1.30": "73 distcc: a shell instead of a compiler ×1",
	},
	"forced-authentication": {
		"10.0.0.1 10.0.1.1": "73 RpcRemoteFindFirstPrinterChangeNotification, server logs on to the client ×2",
		"10.0.0.2 10.0.9.1": "73 EFSRPC, server logs on to the client ×2",
		"10.0.0.3 10.0.9.1": "47 NetrDfs ×1",
		"10.0.0.4 10.0.9.1": "47 FSRVP ×1",
		"10.0.0.5 10.0.9.1": "47 RpcRemoteFindFirstPrinterChangeNotification ×1",
	},
}

func TestDeedsHit(t *testing.T) {
	for name, want := range deedHits {
		found, _ := watch(t, name, nil, sceneEvents(readScenes(t, name, "hit")))
		if diff := cmp.Diff(want, deedStories(found)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, f := range found {
			if len(f.Flows) == 0 || f.Onset > f.Time || f.Onset < sceneBegin || !f.Subject.Addr.IsValid() {
				t.Errorf("%s %s: %+v", name, f.Key, f)
			}
		}
	}
}

func TestDeedsThatAreFine(t *testing.T) {
	for name := range deedHits {
		for _, file := range []string{"miss", "benign"} {
			found, _ := watch(t, name, nil, sceneEvents(readScenes(t, name, file)))
			for key, story := range deedStories(found) {
				t.Errorf("%s %s: %s %s", name, file, key, story)
			}
		}
	}
}

// Management does the same day after day: each kind is told once.
func TestDeedsAreToldOnce(t *testing.T) {
	s := scene{Kind: "rpc", Client: "10.0.0.1", Server: "10.0.1.1", Port: 445, Every: 24 * 3600, Fields: map[string]any{
		"brandmelder.rpc.interface": "svcctl", "brandmelder.rpc.operation": "StartServiceW", "brandmelder.rpc.status": "ok"}, Count: 90}
	if found, _ := watch(t, "remote-execution", nil, sceneEvents([]scene{s})); len(found) != 1 {
		t.Errorf("%d findings of the same each day", len(found))
	}
	s.Every = 1
	if found, _ := watch(t, "remote-execution", nil, sceneEvents([]scene{s})); len(found) != 7 {
		t.Errorf("%d findings of 90 times in a row, want one per doubling", len(found))
	}
}

func TestDeedsOfAMonitorAreANote(t *testing.T) {
	zones := []know.Zone{{Name: "z", Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}, Monitors: []netip.Prefix{netip.MustParsePrefix("10.0.0.8/32")}}}
	found, _ := watch(t, "remote-execution", zones, sceneEvents(readScenes(t, "remote-execution", "hit")))
	if got := deedStories(found)["10.0.0.8 *"]; got != "21 scheduled task ×32" {
		t.Errorf("a monitor: %s", got)
	}
}

func TestDeedFlood(t *testing.T) {
	for name, fields := range map[string]map[string]any{
		"remote-execution":      {"brandmelder.rpc.interface": "svcctl", "brandmelder.rpc.operation": "CreateServiceW", "brandmelder.rpc.status": "ok"},
		"netlogon-exploit":      {"brandmelder.rpc.interface": "netlogon", "brandmelder.rpc.operation": "NetrServerReqChallenge", "brandmelder.rpc.zero_challenge": true},
		"forced-authentication": {"brandmelder.rpc.interface": "efsrpc", "brandmelder.rpc.operation": "EfsRpcOpenFileRaw", "brandmelder.rpc.status": "ok"},
		"credential-theft":      {"brandmelder.rpc.interface": "winreg", "brandmelder.rpc.operation": "BaseRegSaveKey", "brandmelder.rpc.status": "ok"},
		"smb-exploit":           {"brandmelder.rpc.interface": "dssetup", "brandmelder.rpc.operation": "DsRolerUpgradeDownlevelServer", "brandmelder.rpc.status": "ok"},
	} {
		n := 9000 // more than all but the pairs' map holds
		if name == "remote-execution" {
			n = deedPairs + 1000
		}
		s := scene{Kind: "rpc", Client: "10.0.0.1", Server: "10.200.0.1", Port: 445, Every: 0.001, Count: n, Vary: []string{"client", "server"}, Fields: fields}
		_, state := watch(t, name, nil, sceneEvents([]scene{s}))
		for _, g := range state.Gauges() {
			if g.Len() > g.Cap() || n > deedPairs && strings.HasSuffix(g.Name(), ".pairs") && g.Len() != g.Cap() {
				t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
			}
		}
		s.Vary = []string{"server"}
		found, _ := watch(t, name, nil, sceneEvents([]scene{s}))
		if last := found[len(found)-1]; len(found) > 24 || len(last.Related) != event.MaxRefs {
			t.Errorf("%s: %d findings of one client, the last names %d servers", name, len(found), len(last.Related))
		}
	}
}

// A help desk starts a service on another computer every two hours: told once.
func TestDeedsOfAHelpDeskAreToldOnce(t *testing.T) {
	s := scene{Kind: "rpc", Client: "10.0.0.1", Server: "10.0.1.1", Port: 445, Every: 2 * 3600, Vary: []string{"server"}, Count: 60, Fields: map[string]any{
		"brandmelder.rpc.interface": "svcctl", "brandmelder.rpc.operation": "StartServiceW", "brandmelder.rpc.status": "ok"}}
	if found, _ := watch(t, "remote-execution", nil, sceneEvents([]scene{s})); len(found) != 1 {
		t.Errorf("%d findings of a help desk, want one", len(found))
	}
	s.Every = 60 // as a worm goes on: one, then the client's story at each doubling
	if found, _ := watch(t, "remote-execution", nil, sceneEvents([]scene{s})); len(found) != 6 {
		t.Errorf("%d findings of a host a minute, want one per doubling", len(found))
	}
}
