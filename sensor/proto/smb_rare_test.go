package proto

import (
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// oldPipe has service control asked over a pipe of SMB1.
func oldPipe() dialogue {
	const at = smb1HeaderSize + 3
	name := utf16le(`\svcctl`)
	open := le(noChain, 0, uint16(len(name)), zeros(8), uint32(0x120196), zeros(16), uint32(1), uint32(0), zeros(5))
	ask := func(mid uint16, data []byte) said {
		words := le(uint16(0), uint16(len(data)), zeros(18), uint16(len(data)), uint16(at+32), 2, 0, uint16(transactPipe), uint16(0x4001))
		return asks(smb1Trans, mid, words, data)
	}
	give := func(mid uint16, status uint32, data []byte) said {
		words := le(uint16(0), uint16(len(data)), zeros(8), uint16(len(data)), uint16(at+20), zeros(4))
		words = le(words[:12], uint16(len(data)), uint16(at+20), uint16(0), uint16(0))
		return gives(smb1Trans, status, mid, words, data)
	}
	return append(connect1(),
		asks(smb1NTCreate, 4, open, le(0, name, 0, 0)), gives(smb1NTCreate, 0, 4, le(noChain, 0, uint16(0x4001), zeros(61)), nil),
		ask(5, bindTo(rpcBind, svcctl, nil)), give(5, 0, bound()),
		ask(6, call(2, 12, zeros(40))), give(6, 0, result(2, zeros(24))),
		asks(smb1Close, 7, le(uint16(0x4001), uint32(0)), nil), gives(smb1Close, 0, 7, nil, nil))
}

func TestOldPipesCarryCalls(t *testing.T) {
	want := []string{"smb tree_connect STATUS_SUCCESS IPC$  ", "smb create STATUS_SUCCESS IPC$  ", `rpc svcctl svcctl CreateServiceW ok `}
	if diff := cmp.Diff(want, told(run(smbSpec(t, "smb"), oldPipe()))); diff != "" {
		t.Error(diff)
	}
}

func TestOldNamesInOneMessage(t *testing.T) {
	name := func(s string) []byte { return le(utf16le(s), uint16(0)) }
	narrow := one(smb1Delete, false, 0, 9, le(uint16(0)), []byte("\x04\\c.txt\x00"))
	narrow[11] &^= 0x80 // no Unicode
	for _, tt := range []struct {
		ask  said
		give said
		want string
	}{
		{asks(smb1Delete, 8, le(uint16(0)), le(4, name(`\a.txt`))), gives(smb1Delete, 0xC0000022, 8, nil, nil), `smb delete STATUS_ACCESS_DENIED  \a.txt `},
		{asks(smb1Rename, 8, le(uint16(0)), le(4, name(`\a.txt`), 4, 0, name(`\b.enc`))), gives(smb1Rename, 0, 8, nil, nil), `smb rename STATUS_SUCCESS  \a.txt \b.enc`},
		{said{event.Client, nbss(narrow)}, gives(smb1Delete, 0, 9, nil, nil), `smb delete STATUS_SUCCESS  \c.txt `},
	} {
		if diff := cmp.Diff([]string{tt.want}, told(run(smbSpec(t, "smb"), dialogue{tt.ask, tt.give}))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestListingsAreCounted(t *testing.T) {
	query := le(uint16(33), 37, 0, uint32(0), handle, uint16(96), uint16(2), uint32(1<<16), utf16le("*"))
	entries := le(uint32(16), zeros(12), uint32(16), zeros(12), uint32(0), zeros(12))
	listing := le(uint16(9), uint16(72), uint32(len(entries)), entries)
	pending := two(smb2QueryDirectory, answer|2, statusPending, 5, zeros(9))
	d := append(logon2("data", 1),
		ask(smb2Create, 4, create2("plans", optionDirectory)), give(smb2Create, 0, 4, created2(0)),
		ask(smb2QueryDirectory, 5, query), said{event.Server, nbss(pending)}, give(smb2QueryDirectory, 0, 5, listing),
		ask(smb2QueryDirectory, 6, query), give(smb2QueryDirectory, 0x80000006, 6, zeros(9)),
		ask(smb2Close, 7, close2()), give(smb2Close, 0, 7, zeros(60)))
	records := run(smbSpec(t, "smb"), d)
	last := records[len(records)-1].(*SMB)
	if last.Command != "query_directory" || last.Entries != 3 || last.Path != "plans" || !last.Directory {
		t.Errorf("told %+v", last)
	}
}

func TestCallsInTheOtherByteOrder(t *testing.T) {
	bind := bindTo(rpcBind, svcctl, nil)
	swap := func(b []byte, places ...int) {
		for _, at := range places {
			b[at], b[at+1] = b[at+1], b[at]
		}
	}
	bind[4] = 0
	swap(bind, 8, 10)
	uuid := bind[rpcHeader+16:]
	uuid[0], uuid[1], uuid[2], uuid[3] = uuid[3], uuid[2], uuid[1], uuid[0]
	swap(uuid, 4, 6)
	ask := call(0, 12, zeros(30))
	ask[4] = 0
	swap(ask, 8, 10, 20, 22)
	want := []string{"rpc  svcctl CreateServiceW  "}
	if diff := cmp.Diff(want, told(run(smbSpec(t, "dcerpc"), dialogue{{event.Client, bind}, {event.Client, ask}}))); diff != "" {
		t.Error(diff)
	}
}

func TestLostBytesOfCalls(t *testing.T) {
	none := func(event.Record) {}
	big := call(2, 12, zeros(9000))
	p := newRPC("")
	p.Feed(event.Client, big[:4000], none)
	if !p.Gap(event.Client, len(big)-4000, none) || !p.Feed(event.Client, big, none) {
		t.Error("a loss among the arguments ended the conversation")
	}
	p.Feed(event.Client, bindTo(rpcBind, svcctl, nil), none)
	p.Feed(event.Client, big[:20], none)
	if !p.Gap(event.Client, 10, none) {
		t.Error("a loss in a header ended the conversation")
	}
	p.Feed(event.Client, []byte("the middle of a fragment\x10\x00\x00\x00"), none)
	p.Feed(event.Client, append([]byte("its end"), call(3, 19, zeros(9))...), none)
	var after []event.Record
	p.End(func(r event.Record) { after = append(after, r) })
	if got := told(after); len(got) != 2 || got[1] != "rpc  svcctl StartServiceW  " {
		t.Errorf("after the loss: %q", got)
	}
}

func TestPipesNamePorts(t *testing.T) {
	p := newSMB()
	floor := le(uint16(1), 7, uint16(2), 0xc1, 0xb8, uint16(1), 9, uint16(4), 10, 0, 0, 5)
	d := append(logon2("IPC$", 2), ask(smb2Create, 4, create2("epmapper", 0)), give(smb2Create, 0, 4, created2(0)),
		ask(smb2Write, 5, write2(0, string(bindTo(rpcBind, epmapper, nil)))), ask(smb2Write, 6, write2(0, string(call(2, 3, zeros(90))))),
		ask(smb2Read, 7, read2(0)), give(smb2Read, 0, 7, data2(string(result(2, floor)))))
	for _, say := range d {
		p.Feed(say.from, say.data, func(event.Record) {})
	}
	want := []Expectation{{Proto: "dcerpc", On: event.Server, Port: 0xc1b8}}
	if diff := cmp.Diff(want, p.(Expecter).Expect()); diff != "" {
		t.Error(diff)
	}
}

func TestLengthsOfTokens(t *testing.T) {
	long := strings.Repeat("x", 300)
	blob := le(0xa1, 0x82, 1, 65, 4, 0x81, 0xff, "NTLMSSP\x00", uint32(1), uint32(5), long)
	if n := parseNTLM(blob); n == nil || n.Flags != 5 {
		t.Errorf("read %+v", n)
	}
	for _, bad := range []string{"\xa1\x80\x04\x10NTLMSSP\x00", "\xa1\x85\x01\x01\x01\x01\x01\x04\x10NTLMSSP\x00", "\xa1", "\xa1\x82\x01"} {
		if n := parseNTLM([]byte(bad)); n != nil {
			t.Errorf("%q: read %+v", bad, n)
		}
	}
}

func TestImpossibleCompression(t *testing.T) {
	message := func(original, offset uint32, flags uint16) said {
		return said{event.Client, nbss(le("\xfcSMB", original, uint16(1), flags, offset, zeros(200)))}
	}
	for _, tt := range []struct {
		name string
		d    dialogue
		want int
	}{
		{"honest", dialogue{message(4096, 0, 0), message(4096, 100, 0)}, 0},
		{"chained, whose header is another", dialogue{message(4096, 0xffffffff, 1)}, 0},
		{"too large, twice", dialogue{message(0xffffffff, 0, 0), message(0xffffffff, 0, 0)}, 1},
		{"beyond the end", dialogue{message(4096, 0xffffffff, 0)}, 1},
	} {
		records := run(smbSpec(t, "smb"), tt.d)
		if len(records) != tt.want {
			t.Errorf("%s: %d records, want %d", tt.name, len(records), tt.want)
		}
	}
}
