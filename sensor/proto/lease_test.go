package proto

import (
	"fmt"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func TestLeases(t *testing.T) {
	var got []string
	var last *DHCP
	for i, r := range run(specOf(t, "dhcp", 17), readDialogue(t, "testdata/dhcp/hit.hex")) {
		d := r.(*DHCP)
		got = append(got, fmt.Sprint(d.Type, " ", d.ClientMAC, " ", d.Assigned, " ", d.Requested, " ", d.Server, " ", d.Router, " ", d.Lease, " ", d.Hostname, " ", d.FQDN, " ", d.Vendor))
		if i == 3 {
			last = d
		}
	}
	const mac = "02-00-00-00-00-07"
	want := []string{
		"discover " + mac + " invalid IP 192.0.2.7 invalid IP invalid IP -1 WARD7-PC  MSFT 5.0",
		"offer " + mac + " 192.0.2.7 invalid IP 192.0.2.1 192.0.2.1 3600   ",
		"request " + mac + " invalid IP 192.0.2.7 192.0.2.1 invalid IP -1 WARD7-PC ward7-pc.hospital.example ",
		"ack " + mac + " 192.0.2.7 invalid IP 192.0.2.1 192.0.2.1 3600   ",
		"inform " + mac + " invalid IP invalid IP invalid IP invalid IP -1   ",
		"ack " + mac + " 192.0.2.7 invalid IP 192.0.2.1 invalid IP -1   ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if last == nil || last.Domain != "hospital.example" || fmt.Sprint(last.Resolvers) != "[192.0.2.2 192.0.2.3]" {
		t.Errorf("%+v", last)
	}
}

func TestHostileLeases(t *testing.T) {
	whole := readDialogue(t, "testdata/dhcp/hit.hex")[2].data
	for i := range whole {
		run(specOf(t, "dhcp", 17), dialogue{{event.Client, whole[:i]}})
	}
	var d DHCP
	if kind := d.options([]byte{0, 0, 53, 1, 9, 12, 200, 'a'}); kind != 9 || dhcpType(kind) != "9" || d.Hostname != "" {
		t.Errorf("%d %+v", kind, d)
	}
	if d.option(12, []byte("bad\x01\xffname")); d.Hostname != "bad??name" {
		t.Errorf("%q", d.Hostname)
	}
}

func TestTimeIsToldOnChange(t *testing.T) {
	var got []string
	for _, r := range run(specOf(t, "ntp", 17), readDialogue(t, "testdata/ntp/hit.hex")) {
		n := r.(*NTP)
		got = append(got, fmt.Sprint(n.Mode, " ", n.Stratum, " ", n.Reference, " ", n.Kiss, " ", n.Requests, " ", n.Replies, " ", n.Request, " ", n.Largest))
	}
	want := []string{
		"server 2 192.0.2.9  1 1 -1 48",
		"server 1 GPS  3 3 -1 48",
		"server 0  RATE 4 4 -1 48",
		"private -1   5 4 42 48",
		"private -1   5 5 42 440",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUnansweredTimeIsToldAtTheEnd(t *testing.T) {
	d := readDialogue(t, "testdata/ntp/hit.hex")[:1]
	got := run(specOf(t, "ntp", 17), append(d, d...))
	if len(got) != 1 || got[0].(*NTP).Requests != 2 || got[0].(*NTP).Stratum != -1 {
		t.Errorf("%+v", got)
	}
}

func TestTimeReferenceThatIsNoCode(t *testing.T) {
	for _, c := range []struct{ reference, want string }{{"GPS\x00", "GPS"}, {"\xc0\x00\x02\x09", "0xc0000209"}, {"A\x01B\x00", "0x410142"}, {"\x00\x00\x00\x00", ""}} {
		if got := code4([]byte(c.reference)); got != c.want {
			t.Errorf("%q is told as %q, want %q", c.reference, got, c.want)
		}
	}
}
