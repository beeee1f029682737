package detect

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func ticketStories(t *testing.T, name, file string) (out []string) {
	t.Helper()
	found, _ := watch(t, name, nil, sceneEvents(readScenes(t, name, file)))
	for _, f := range found {
		line := fmt.Sprintf("%s %s %d", f.Subject.Addr, f.Subject.User, f.Severity)
		switch facts := f.Facts.(type) {
		case *roastFacts:
			line += fmt.Sprintf(" %s %d/%d", facts.Kind, facts.Tickets, facts.Weak)
		case *downgradeFacts:
			line += " " + facts.How
		}
		out = append(out, line)
		if len(f.Flows) == 0 || f.Onset > f.Time || !f.Peer.Addr.IsValid() {
			t.Errorf("%s: %+v", name, f)
		}
	}
	slices.Sort(out)
	return out
}

func TestRoastingHit(t *testing.T) {
	want := []string{
		"10.0.0.1 nurse 47 services 5/5",
		"10.0.0.2 nurse 47 services 10/0",
		"10.0.0.2 nurse 47 services 20/0",
		"10.0.0.3 nurse 47 services 1/1",
		"10.0.0.3 nurse 47 services 2/2",
		"10.0.0.3 nurse 73 services 4/4",
		"10.0.0.4  47 accounts 1/1",
		"10.0.0.5  47 accounts 10/0",
		"10.0.0.5  47 accounts 20/0",
		"10.0.0.5  47 accounts 5/0",
	}
	if diff := cmp.Diff(want, ticketStories(t, "kerberos-roasting", "hit")); diff != "" {
		t.Error(diff)
	}
}

func TestDowngradeHit(t *testing.T) {
	want := []string{
		"10.0.0.1 nurse 47 login with RC4 alone",
		"10.0.0.2 admin 47 login with RC4 alone",
		"10.0.0.3 nurse 47 account and machine answered with RC4",
		"10.0.0.4 Administrator 73 ticket of the domain in RC4",
		"10.0.0.5 scanner 21 login without AES",
		"10.0.0.6 nurse 47 ticket without the list of groups asked for",
		"10.0.2.2 nurse 47 ticket that another host holds, used by other software",
		"fd00::10 nurse 47 ticket that another host holds, used by other software",
	}
	if diff := cmp.Diff(want, ticketStories(t, "kerberos-downgrade", "hit")); diff != "" {
		t.Error(diff)
	}
}

func TestTicketsThatAreFine(t *testing.T) {
	for _, name := range []string{"kerberos-roasting", "kerberos-downgrade"} {
		for _, file := range []string{"miss", "benign"} {
			for _, story := range ticketStories(t, name, file) {
				t.Errorf("%s %s: %s", name, file, story)
			}
		}
	}
}

func TestTicketFlood(t *testing.T) {
	for name, fields := range map[string]map[string]any{
		"kerberos-roasting": {"brandmelder.kerberos.request": "TGS", "brandmelder.kerberos.message": "TGS-REP", "brandmelder.kerberos.service": "s", "brandmelder.kerberos.client": "u{n}"},
		"kerberos-downgrade": {"brandmelder.kerberos.message": "AS-REP", "brandmelder.kerberos.etypes": []any{"rc4-hmac"}, "brandmelder.kerberos.preauth": []any{"enc-timestamp"},
			"brandmelder.kerberos.reply_etype": "rc4-hmac", "brandmelder.kerberos.ticket_etype": "aes256-cts-hmac-sha1-96", "brandmelder.kerberos.client": "u{n}"},
	} {
		s := scene{Kind: "kerberos", Client: "10.0.0.1", Server: "10.200.0.1", Port: 88, Every: 0.001, Count: roastOwners + 500, Vary: []string{"client", "server"}, Fields: fields}
		_, state := watch(t, name, nil, sceneEvents([]scene{s}))
		full := 0
		for _, g := range state.Gauges() {
			if g.Len() > g.Cap() {
				t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
			}
			if g.Len() == g.Cap() {
				full++
			}
		}
		if full == 0 {
			t.Errorf("%s: no map was filled", name)
		}
	}
}

func TestTicketsCarriedFlood(t *testing.T) {
	s := scene{Kind: "kerberos", Client: "10.0.0.1", Server: "10.200.0.1", Port: 88, Every: 0.001, Count: downTickets + 500, Fields: map[string]any{
		"brandmelder.kerberos.message": "TGS-REP", "brandmelder.kerberos.service": "cifs/files", "brandmelder.kerberos.etypes": []any{"rc4-hmac"}, "brandmelder.kerberos.tgt": "mark{n}"}}
	_, state := watch(t, "kerberos-downgrade", nil, sceneEvents([]scene{s}))
	for _, g := range state.Gauges() {
		if g.Name() == "kerberos-downgrade.tickets" && (g.Len() != downTickets || g.Evicted() != 500) {
			t.Errorf("%d of %d, %d evicted", g.Len(), g.Cap(), g.Evicted())
		}
	}
}

// One link address in a segment is one host, such as a machine with containers on it.
func TestTicketOfOneLinkAddressIsNotCarried(t *testing.T) {
	events := sceneEvents(readScenes(t, "kerberos-downgrade", "hit"))
	for _, e := range events {
		e.Flow.ClientMAC = event.MAC{2, 0, 0, 0, 0, 1}
	}
	found, _ := watch(t, "kerberos-downgrade", nil, events)
	for _, f := range found {
		if f.Facts.(*downgradeFacts).How == downgradeWords[downCarried] {
			t.Errorf("%s", f.Subject.Addr)
		}
	}
}
