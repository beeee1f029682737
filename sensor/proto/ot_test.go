package proto

import (
	"fmt"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// toldOT writes the records of a conversation in short.
func toldOT(t *testing.T, name, file string) []string {
	t.Helper()
	var out []string
	for _, s := range All() {
		if s.Name != name || s.IP == 17 && strings.Contains(file, "tcp") || s.IP == 6 && strings.Contains(file, "udp") {
			continue
		}
		for _, r := range run(s, readDialogue(t, "testdata/"+name+"/"+file)) {
			if o, ok := r.(*OT); ok {
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s unit=%d %s %d/%d/%d %s", o.op.class, o.op.name, o.Unit, o.Detail, o.Requests, o.Accepted, o.Refused, o.Status)))
			}
		}
		break
	}
	return out
}

func wantTold(t *testing.T, got []string, want string) {
	t.Helper()
	if lines := strings.Split(strings.TrimSpace(want), "\n"); strings.Join(got, "\n") != strings.Join(lines, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestModbus(t *testing.T) {
	wantTold(t, toldOT(t, "modbus", "hit.hex"), `
read read-holding-registers unit=1  1/0/0
read read-holding-registers unit=1  1/1/0 accepted
read read-holding-registers unit=1  2/1/0 accepted
read read-holding-registers unit=1  2/1/1 illegal-data-address
write write-registers unit=1  1/0/0
write write-registers unit=1  1/1/0 accepted
state restart-communications unit=2  1/0/0
state restart-communications unit=2  1/1/0 accepted
state umas-stop-plc unit=0  1/0/0
state umas-stop-plc unit=0  1/1/0 accepted`)
}

// A conversation with a sweep over all units stays within its memory and tells of
// each unit.
func TestModbusSweepIsBounded(t *testing.T) {
	p, n := newModbus(), 0
	for unit := range 5 * 256 {
		p.Feed(event.Client, []byte{byte(unit), 1, 0, 0, 0, 6, byte(unit), byte(1 + unit/256), 0, 0, 0, 1}, func(event.Record) { n++ })
	}
	if len(p.tally.kinds.entries) != otKinds || n != otTellings {
		t.Errorf("%d kinds kept, %d records", len(p.tally.kinds.entries), n)
	}
}

func TestModbusUnknownAddresses(t *testing.T) {
	p := newModbus()
	var last *OT
	emit := func(r event.Record) { last = r.(*OT) }
	for a := range 200 {
		p.Feed(event.Client, []byte{0, byte(a), 0, 0, 0, 6, 1, 4, 0, byte(a / 2), 0, 1}, emit)
		p.Feed(event.Server, []byte{0, byte(a), 0, 0, 0, 3, 1, 0x84, 2}, emit)
	}
	if p.End(emit); last.Unknown != maxUnknown || last.Refused != 200 {
		t.Errorf("%+v", last)
	}
}

// After lost bytes a side is read again from the next message on.
func TestModbusAfterGap(t *testing.T) {
	p, n := newModbus(), 0
	emit := func(event.Record) { n++ }
	ask := []byte{0, 1, 0, 0, 0, 6, 1, 5, 0, 9, 0xff, 0}
	p.Gap(event.Client, 30, emit)
	p.Feed(event.Client, ask[5:], emit)
	if p.Feed(event.Client, ask, emit); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
}

func TestS7(t *testing.T) {
	wantTold(t, toldOT(t, "s7comm", "hit.hex"), `
session setup unit=-1  1/0/0
session setup unit=-1  1/1/0 accepted
read read-variables unit=-1  1/0/0
read read-variables unit=-1  1/1/0 accepted
program request-download unit=-1  1/0/0
program request-download unit=-1  1/1/0 accepted
program download-block unit=-1  1/0/0
program download-block unit=-1  1/1/0 accepted
program activate-block unit=-1  1/0/0
program activate-block unit=-1  1/1/0 accepted
state plc-stop unit=-1  1/0/0
state plc-stop unit=-1  1/0/1 protected
identify read-system-status unit=-1  1/0/0
identify read-system-status unit=-1  1/1/0 accepted
session s7comm-plus unit=-1  1/0/0`)
}

// A subscription to messages is no reading of the system's status.
func TestS7UserDataFunctions(t *testing.T) {
	for function, want := range map[uint16]string{0x4301: "list-blocks", 0x4303: "block-information", 0x4401: "read-system-status", 0x4402: "messages", 0x4701: "clock", 0x4901: "other"} {
		p, got := newS7(), ""
		p.userData(event.Client, 1, be([]byte{0, 1, 0x12, 4, 0x11}, function, byte(0)), func(r event.Record) { got = r.(*OT).op.name })
		if got != want {
			t.Errorf("function %x is %q, want %q", function, got, want)
		}
	}
}

func TestBACnet(t *testing.T) {
	wantTold(t, toldOT(t, "bacnet", "hit.hex"), `
identify who-is unit=-1  1/0/0
session i-am unit=-1  1/0/0
session register-foreign-device unit=-1  1/0/0
read read-property unit=-1  1/0/0
read read-property unit=-1  1/1/0 accepted
write write-property unit=7  1/0/0
write write-property unit=7  1/0/1 write-access-denied
state reinitialize-device unit=-1 coldstart 1/0/0
state reinitialize-device unit=-1 coldstart 1/0/1 password-failure
backup reinitialize-device unit=-1 start-backup 1/0/0
backup reinitialize-device unit=-1 start-backup 1/1/0 accepted
state device-communication-control unit=-1 disable 1/0/0
state device-communication-control unit=-1 disable 1/1/0 accepted
file atomic-write-file unit=-1  1/0/0
file atomic-write-file unit=-1  1/0/1 rejected
identify who-is unit=-1  1/0/0`)
}

func TestENIP(t *testing.T) {
	wantTold(t, toldOT(t, "enip", "hit-tcp.hex"), `
session register-session unit=-1  1/0/0
read get-attributes-all unit=-1 identity 1/0/0
read get-attributes-all unit=-1 identity 1/1/0 accepted
state reset unit=-1 identity 1/0/0
state reset unit=-1 identity 1/0/1 privilege-violation
write write-tag unit=-1  1/0/0
write write-tag unit=-1  1/1/0 accepted
read get-attribute-single unit=-1 identity 1/0/0
write set-attribute-single unit=-1 assembly 1/0/0
session multiple unit=-1 message-router 1/0/0
session multiple unit=-1 message-router 1/1/0 accepted
session unregister-session unit=-1  1/0/0`)
}

func TestDNP3(t *testing.T) {
	wantTold(t, toldOT(t, "dnp3", "hit.hex"), `
read read unit=10  1/0/0
read read unit=10  1/1/0 accepted
write direct-operate unit=10  1/0/0
write direct-operate unit=10  1/1/0 accepted
state cold-restart unit=10  1/0/0
state cold-restart unit=10  1/0/1 function-not-supported
file open-file-to-write unit=10  1/0/0
file open-file-to-write unit=10  1/1/0 accepted
program save-configuration unit=10  1/0/0
program save-configuration unit=10  1/0/1 object-unknown`)
}

// What the controller fetches in a download is the programmer's doing.
func TestS7DownloadIsTheProgrammers(t *testing.T) {
	for _, r := range run(specOf(t, "s7comm", 6), readDialogue(t, "testdata/s7comm/hit-download.hex")) {
		if o := r.(*OT); o.Reversed {
			t.Errorf("%s is reversed", o.op.name)
		}
	}
	wantTold(t, toldOT(t, "s7comm", "hit-download.hex"), `
program request-download unit=-1  1/0/0
program request-download unit=-1  1/1/0 accepted
program download-block unit=-1  1/0/0
program download-block unit=-1  1/1/0 accepted
program end-download unit=-1  1/0/0
program end-download unit=-1  1/1/0 accepted`)
}
