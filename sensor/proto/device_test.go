package proto

import (
	"fmt"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// linesOf is the records of a conversation as lines.
func linesOf(t *testing.T, name string, ip uint8, file string) (out []string) {
	t.Helper()
	for _, r := range run(specOf(t, name, ip), readDialogue(t, "testdata/"+name+"/"+file)) {
		switch v := r.(type) {
		case *SNMP:
			out = append(out, fmt.Sprint(v.From, " ", v.Version, " ", v.Operation, " ", v.Variables, " ", v.Error, " default=", v.Default, " clear=", v.Clear, " ", v.User, " ", v.Level))
		case *VNC:
			out = append(out, fmt.Sprint(v.Version, " ", v.Offered, " ", v.Chosen, " ", v.Result, " open=", v.Open()))
		case *TFTP:
			out = append(out, fmt.Sprint(v.Operation, " ", v.File, " ", v.Extension, " ", v.Mode, " ", v.Bytes, " in ", v.Blocks, " ", v.Class, " ", v.Error))
		case *RADIUS:
			out = append(out, fmt.Sprint(v.Request, " ", v.Answer, " ", v.Method, " ", v.User, " ", v.NAS, " ", v.NASName, " ", v.Station, " ", v.Port, " ", v.Status, " ", v.Framed, " rounds=", v.Rounds, " ", v.Signed))
		case *event.Login:
			out = append(out, fmt.Sprint("login ", v.User, " by ", v.Method, ": ", v.Outcome, " ", v.Reason))
		}
	}
	return out
}

func TestDeviceProtocols(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		ip         uint8
		want       []string
	}{
		{"snmp", "hit.hex", 17, []string{
			"client 2c get 2  default=true clear=true  ",
			"server 2c response 1 noSuchName default=true clear=true  ",
			"client 1 set 1  default=false clear=true  ",
			"client 3  0  default=false clear=false monitor authPriv",
			"client 3 get-next 1  default=false clear=false monitor noAuthNoPriv",
		}},
		{"vnc", "hit.hex", 6, []string{"[3.8 3.8] [vnc tight] vnc failed open=false", "login  by vnc: failure failed"}},
		{"vnc", "hit-open.hex", 6, []string{"[3.8 3.8] [none] none ok open=true"}},
		{"tftp", "hit.hex", 17, []string{"read boot/loader.EFI efi octet 516 in 2 exe-pe -1"}},
		{"tftp", "hit-write.hex", 17, []string{"write config.cfg cfg netascii 0 in 0  2"}},
		{"tftp-data", "hit.hex", 17, []string{"data    515 in 2 elf -1"}},
		{"radius", "hit.hex", 17, []string{
			"access reject pap anna 10.0.0.9 ap-ward7 02-00-00-00-00-07 19  invalid IP rounds=0 false",
			"login anna by pap: failure reject",
			"access accept eap anna 10.0.0.9 ap-ward7 02-00-00-00-00-07 19  invalid IP rounds=1 true",
			"login anna by eap: success ",
			"accounting response  anna invalid IP   -1 start 10.0.0.77 rounds=0 false",
			"access  mschap bob invalid IP   -1  invalid IP rounds=0 false",
		}},
	} {
		if diff := cmp.Diff(tt.want, linesOf(t, tt.name, tt.ip, tt.file)); diff != "" {
			t.Errorf("%s %s: %s", tt.name, tt.file, diff)
		}
	}
}

func TestSNMPPollingIsToldOnDoubling(t *testing.T) {
	poll := readDialogue(t, "testdata/snmp/hit.hex")[0]
	var d dialogue
	for range 100 {
		d = append(d, poll)
	}
	records := run(specOf(t, "snmp", 17), d)
	if len(records) != 7 || records[6].(*SNMP).Messages != 64 {
		t.Errorf("%d records of 100 polls", len(records))
	}
}

// Version 3.3 has the server choose, Apple's clients prove themselves in their own way.
func TestVNCVersions(t *testing.T) {
	c, s := event.Client, event.Server
	v := func(n string) []byte { return []byte("RFB 003." + n + "\n") }
	apple := le(30, 2, 0, 4, zeros(8))[1:]
	for name, tt := range map[string]struct {
		d    dialogue
		want string
	}{
		"3.3":     {dialogue{{s, v("008")}, {c, v("003")}, {s, be(uint32(2))}, {s, zeros(16)}, {c, zeros(16)}, {s, zeros(4)}}, "vnc ok"},
		"3.3 no":  {dialogue{{s, v("003")}, {c, v("003")}, {s, be(uint32(0), uint32(3), "no!")}}, "invalid refused"},
		"apple":   {dialogue{{s, v("889")}, {c, v("889")}, {s, le(1, 30)}, {c, le(30)}, {s, le(0, apple)}, {c, zeros(132)}, {s, be(uint32(1))}}, "apple-dh failed"},
		"hidden":  {dialogue{{s, v("008")}, {c, v("008")}, {s, le(1, 19)}, {c, le(19)}, {s, zeros(9000)}, {c, zeros(9000)}}, "vencrypt "},
		"no more": {dialogue{{s, v("008")}, {c, v("008")}, {s, le(0, 0, 0, 0, 1, "x")}}, " refused"},
	} {
		records := run(specOf(t, "vnc", 6), tt.d)
		if len(records) == 0 {
			t.Errorf("%s: nothing", name)
			continue
		}
		if r := records[0].(*VNC); r.Chosen+" "+r.Result != tt.want {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestTFTPNamesAreBounded(t *testing.T) {
	if _, ok := tftpRequest(le(0, 1, strings.Repeat("a", 200), 0, "octet", 0)); ok {
		t.Error("a name of 200 bytes was believed")
	}
}
