package detect

import (
	"fmt"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestICMPTunnel(t *testing.T) {
	found := bySubject(t, "icmp-tunnel", "hit")
	if fs := found["10.0.0.1"]; len(fs) != 1 || fs[0].Severity != event.High || fs[0].Peer.Addr.String() != "198.51.100.1" || fs[0].Observed.Value != 170 {
		t.Errorf("replies that differ: %+v", fs)
	}
	if fs := found["10.0.0.2"]; len(fs) != 1 || fs[0].Severity != event.Medium {
		t.Errorf("fillings that change: %+v", fs)
	}
	if fs := found["10.0.0.5"]; len(fs) != 1 || fs[0].Severity != event.Medium {
		t.Errorf("words: %+v", fs)
	}
	bounded(t, "icmp-tunnel", scene{Kind: "icmp", Every: 0.001, Client: "10.0.0.1", Server: "10.200.0.1", Proto: 1, Protocol: "icmp", Count: icmpTunnelPairs + 100,
		Vary: []string{"client"}, Fields: map[string]any{"brandmelder.icmp.mismatched": 9.0}})
}

func TestDGA(t *testing.T) {
	found := bySubject(t, "dga", "hit")
	for client, severity := range map[string]event.Severity{"10.0.0.1": event.High, "10.0.0.2": event.Medium, "10.0.0.3": event.High} {
		if fs := found[client]; len(fs) == 0 || fs[0].Severity != severity || len(fs[0].Facts.(*dgaFacts).Domains) != dgaShown {
			t.Errorf("%s: %+v", client, fs)
		}
	}
	if at := found["10.0.0.1"][0].Time - found["10.0.0.1"][0].Onset; at != 90*second {
		t.Errorf("found after %d s, want the tenth name", at/second)
	}
	bounded(t, "dga", scene{Kind: "dns", Every: 0.001, Client: "10.0.0.1", Server: "198.51.100.53", Proto: 17, Port: 53, Count: dgaHosts + 100, Vary: []string{"client"},
		Fields: map[string]any{"dns.question.registered_domain": "d{n}.com", "dns.question.top_level_domain": "com", "dns.question.type": "A", "dns.response_code": "NXDOMAIN"}})
}

func TestStrange(t *testing.T) {
	for label, odd := range map[string]bool{
		"ziekenhuis": false, "facebook": false, "windowsupdate": false, "huisartsenpost-noord": false, "wikipedia": false,
		"xkqzvwpjhtr": true, "k48lynre21hqfun20a47": true, "qzjxvkwpbtr": true,
	} {
		if got := strange(label); (got >= dgaSingle) != odd {
			t.Errorf("%s: %.2f", label, got)
		}
	}
	if strange("") != 0 || strange("a") != 0 {
		t.Error("nothing is strange about nothing")
	}
}

func TestARPSpoofing(t *testing.T) {
	found := bySubject(t, "arp-spoofing", "hit")
	var all []event.Finding
	for _, fs := range found {
		all = append(all, fs...)
	}
	if len(all) == 0 || all[0].Severity != event.High || len(all[0].Related) < 3 || all[0].Facts.(*arpSpoofFacts).MAC != "02-00-00-00-00-66" {
		t.Fatalf("found %+v", all)
	}
	if len(all) > 4 {
		t.Errorf("%d findings of one story of 16 messages", len(all))
	}
	for _, fs := range bySubject(t, "arp-spoofing", "hit-passing") {
		if len(fs) != 1 || !fs[0].Facts.(*arpSpoofFacts).Passing {
			t.Errorf("traffic through the claimer: %+v", fs)
		}
	}
	late := bySubject(t, "arp-spoofing", "hit-late")["10.0.0.66"]
	if len(late) != 1 || late[0].Observed.Value != 8 || late[0].Facts.(*arpSpoofFacts).MAC != "02-00-00-00-00-66" {
		t.Errorf("an owner heard of after the claims: %+v", late)
	}
	bounded(t, "arp-spoofing", scene{Kind: "flow.start", Every: 0.001, Client: "10.0.0.1", Server: "198.51.100.1", Port: 443, Answered: true, State: "S1",
		MAC: "02-00-00-00-00-01", Count: arpTable + 100, Vary: []string{"client"}})
}

func TestNamePoisoning(t *testing.T) {
	found := bySubject(t, "name-poisoning", "hit")
	for _, host := range []string{"10.0.0.66", "10.0.0.67"} {
		if fs := found[host]; len(fs) != 1 || fs[0].Family != "" || len(fs[0].Related) < 3 {
			t.Errorf("%s: %+v", host, fs)
		}
	}
	var fields = map[string]any{"dns.question.name": "wpad", "dns.resolved_ip": []any{"10.0.0.1"}}
	found2, _ := watch(t, "name-poisoning", nil, sceneEvents([]scene{{Kind: "localname", Client: "10.0.0.9", Server: "10.0.0.1", Protocol: "llmnr", Count: 50, Fields: fields}}))
	if len(found2) != 0 {
		t.Error("one name asked for often is many")
	}
}

func TestRogueDHCP(t *testing.T) {
	fs := bySubject(t, "rogue-dhcp", "hit")["10.0.0.66"]
	if len(fs) != 3 || fs[0].Peer.Addr.String() != "10.0.0.2" || fmt.Sprint(fs[2].Facts.(*rogueDHCPFacts).OtherRouter) != "10.0.0.1" {
		t.Errorf("found %+v", fs) // of five answers at 1, 2 and 4
	}
	bounded(t, "rogue-dhcp", scene{Kind: "dhcp", Every: 0.001, Client: "10.0.0.1", Server: "10.0.0.2", Proto: 17, Port: 67, Count: rogueDHCPQuestions + 100,
		Fields: map[string]any{"brandmelder.dhcp.type": "offer", "brandmelder.dhcp.client.mac": "m{n}", "brandmelder.dhcp.transaction": "1", "brandmelder.dhcp.server.ip": "10.0.0.2"}})
}
