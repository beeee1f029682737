package proto

import (
	"fmt"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// flood has a client ask for much more than a parser may keep.
func flood() (d dialogue) {
	const n = 400
	h := func(i int) []byte { return fmt.Appendf(nil, "%016d", i) }
	for i := range n { // trees, each with a session of its own
		m := two(smb2TreeConnect, answer, 0, uint64(i), connected2(2))
		m[36], m[37] = byte(i), byte(i>>8)
		d = append(d, ask(smb2TreeConnect, uint64(i), connect2(`\\x\IPC$`)), said{event.Server, nbss(m)})
	}
	for i := range n { // pipes, each with a half fragment
		opened := strings.ReplaceAll(string(created2(0)), string(handle), string(h(i)))
		half := strings.ReplaceAll(string(write2(0, string(call(1, 2, zeros(5000))[:4000]))), string(handle), string(h(i)))
		m := ask(smb2Create, uint64(i), create2("svcctl", 0))
		m.data[4+36], m.data[4+37] = byte((n-1)&0xff), (n-1)>>8
		d = append(d, m, give(smb2Create, 0, uint64(i), []byte(opened)), ask(smb2Write, uint64(n+i), []byte(half)))
	}
	for i := range n { // logins that do not end
		m := two(smb2SessionSetup, answer, statusMoreProcessing, uint64(i), setupAnswer2(0))
		m[40], m[41] = byte(i), byte(i>>8)
		d = append(d, ask(smb2SessionSetup, uint64(i), setup2(ntlm3("anna", "", "", 30))), said{event.Server, nbss(m)})
	}
	for i := range n {
		d = append(d, ask(smb2Create, uint64(1000+i), create2("x", 0)))
	}
	return d
}

func TestTablesOfSMBAreBounded(t *testing.T) {
	p := newSMB().(*smbParser)
	logins := 0
	emit := func(r event.Record) {
		if _, ok := r.(*event.Login); ok {
			logins++
		}
	}
	for _, say := range flood() {
		if !p.Feed(say.from, say.data, emit) {
			t.Fatal("the parser gave up")
		}
		if len(p.trees.entries) > smbTrees || len(p.files.entries) > smbFiles || len(p.calls.entries) > smbCalls ||
			p.pipes > smbPipes || len(p.logins.open.entries) > 8 || len(p.expected) > rpcExpected {
			t.Fatal("a table is larger than its bound")
		}
	}
	for name, n := range map[string]int64{"trees": p.trees.evicted, "files": p.files.evicted, "calls": p.calls.evicted, "logins": p.logins.open.evicted} {
		if n == 0 {
			t.Errorf("no eviction of %s was counted", name)
		}
	}
	var last *SMB
	p.End(func(r event.Record) {
		emit(r)
		if s, ok := r.(*SMB); ok {
			last = s
		}
	})
	if last == nil || last.Command != "lost" || last.Evicted == 0 {
		t.Errorf("the end says %+v", last)
	}
	if logins != 400 {
		t.Errorf("%d logins told, want all 400", logins)
	}
}

func TestTablesOfRPCAreBounded(t *testing.T) {
	p := newRPC("")
	records := 0
	emit := func(event.Record) { records++ }
	for i := range 300 {
		m := bindTo(rpcAlter, svcctl, nil)
		m[rpcHeader+12], m[rpcHeader+13] = byte(i), byte(i>>8)
		p.Feed(event.Client, m, emit)
		p.Feed(event.Client, call(uint32(i), 12, nil), emit)
	}
	if len(p.contexts.entries) != rpcContexts || len(p.calls.entries) != rpcCalls {
		t.Errorf("%d contexts and %d calls kept", len(p.contexts.entries), len(p.calls.entries))
	}
	p.End(emit)
	if records != 300 {
		t.Errorf("%d calls told, want all 300", records)
	}
}

// TestDataIsPassedOver counts what a transfer costs: nothing is kept of its bulk.
func TestDataIsPassedOver(t *testing.T) {
	p := newSMB()
	none := func(event.Record) {}
	head := nbss(two(smb2Write, 0, 0, 9, write2(0, strings.Repeat("x", 8<<20))))
	p.Feed(event.Client, head[:smbKeep+4], none)
	bulk := head[smbKeep+4 : smbKeep+4+1460]
	if n := testing.AllocsPerRun(1000, func() { p.Feed(event.Client, bulk, none) }); n != 0 {
		t.Errorf("%f allocations for a segment of a transfer", n)
	}
}

func TestLostBytes(t *testing.T) {
	write := ask(smb2Write, 5, write2(0, strings.Repeat("x", 20000)))
	closing := nbss(two(smb2Close, 0, 0, 6, close2()))
	for _, tt := range []struct {
		name   string
		before int // bytes of the write that are seen
		lost   int
		after  []byte
	}{
		{"inside the data", 8000, len(write.data) - 8000, closing},
		{"in a header", 30, 100, append([]byte("rest of the data"), closing...)},
	} {
		p := newSMB().(*smbParser)
		var out []event.Record
		emit := func(r event.Record) { out = append(out, r) }
		for _, say := range append(logon2("data", 1), ask(smb2Create, 4, create2("a", optionDeleteOnClose)), give(smb2Create, 0, 4, created2(0))) {
			p.Feed(say.from, say.data, emit)
		}
		p.Feed(event.Client, write.data[:tt.before], emit)
		if !p.Gap(event.Client, tt.lost, emit) || !p.Feed(event.Client, tt.after, emit) {
			t.Fatalf("%s: the parser gave up", tt.name)
		}
		p.Feed(event.Server, nbss(two(smb2Close, answer, 0, 6, zeros(60))), emit)
		if last := out[len(out)-1].(*SMB); last.Command != "delete" {
			t.Errorf("%s: the close was not seen but %s", tt.name, last.Command)
		}
	}
}

func TestEncryptedIsCounted(t *testing.T) {
	secret := nbss(le("\xfdSMB", zeros(96)))
	records := run(smbSpec(t, "smb"), dialogue{{event.Client, secret}, {event.Server, secret}, {event.Server, secret}})
	if r := records[0].(*SMB); len(records) != 1 || r.Command != "encrypted" || r.Messages != 3 || r.Bytes != [2]int64{100, 200} {
		t.Errorf("told %+v", r)
	}
}

func TestProbesOfSMBAndRPC(t *testing.T) {
	smb, rpc := smbSpec(t, "smb"), smbSpec(t, "dcerpc")
	for _, tt := range []struct {
		spec *Spec
		data []byte
		want Verdict
	}{
		{smb, []byte("\x00\x00\x00\x40\xfeSMB"), Yes}, {smb, []byte("\x00\x00\x00\x40\xffSM"), More}, {smb, []byte("\x00\x00\x00\x40\xffXX"), No},
		{smb, []byte("\x81\x00\x00\x44\x20CK"), Yes}, {smb, []byte("\x81\x00\x00\x45"), No}, {smb, []byte("GET"), No},
		{rpc, bindTo(rpcBind, svcctl, nil), Yes}, {rpc, bindTo(rpcBind, svcctl, nil)[:15], More},
		{rpc, bound(), No}, {rpc, []byte{5, 1, 0}, More}, {rpc, zeros(20), No},
	} {
		if got := tt.spec.Probe(event.Client, tt.data); got != tt.want {
			t.Errorf("%s of %q: %d, want %d", tt.spec.Name, tt.data[:min(len(tt.data), 8)], got, tt.want)
		}
	}
}
