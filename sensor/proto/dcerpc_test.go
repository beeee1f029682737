package proto

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// pdu makes a fragment; token follows in a security trailer of NTLM with privacy.
func pdu(kind, flags int, call uint32, body, token []byte) []byte {
	size := rpcHeader + len(body)
	if len(token) > 0 {
		body = le(body, 10, 6, 0, 0, uint32(1), token)
		size += 8 + len(token)
	}
	return le(5, 0, kind, flags, uint32(0x10), uint16(size), uint16(len(token)), call, body)
}

func wireUUID(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil {
		panic(err)
	}
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

func bindTo(kind int, uuid string, token []byte) []byte {
	return pdu(kind, 3, 1, le(uint16(4280), uint16(4280), uint32(0), 1, 0, 0, 0, uint16(0), 1, 0, wireUUID(uuid), uint32(2),
		wireUUID("8a885d04-1ceb-11c9-9fe8-08002b104860"), uint32(2)), token)
}

func bound() []byte { return pdu(rpcBindAck, 3, 1, zeros(40), nil) }

func call(id uint32, opnum uint16, stub []byte) []byte {
	return pdu(rpcRequest, 3, id, le(uint32(len(stub)), uint16(0), opnum, stub), nil)
}

func result(id uint32, stub []byte) []byte {
	return pdu(rpcResponse, 3, id, le(uint32(len(stub)), uint16(0), 0, 0, stub), nil)
}

func fault(id, code uint32) []byte {
	return pdu(rpcFault, 3, id, le(uint32(0), uint16(0), 0, 0, code, uint32(0)), nil)
}

const (
	svcctl   = "367abb81-9844-35f1-ad32-98f038001003"
	netlogon = "12345678-1234-abcd-ef00-01234567cffb"
	epmapper = "e1af8308-5d1f-11c9-91a4-08002b14a0fa"
)

// overTCP is a conversation whose first message is the client's, then by turns.
func overTCP(messages ...[]byte) (d dialogue) {
	for i, m := range messages {
		d = append(d, said{event.Side(i % 2), m})
	}
	return d
}

// overPipe has service control asked over a pipe: with WRITE and READ, then with
// a transaction.
func overPipe() dialogue {
	transceive := func(data []byte) []byte {
		return le(uint16(57), uint16(0), uint32(0x0011c017), handle, uint32(120), uint32(len(data)), zeros(24), data)
	}
	transceived := func(data []byte) []byte {
		return le(uint16(49), uint16(0), uint32(0x0011c017), handle, uint32(112), uint32(0), uint32(112), uint32(len(data)), uint64(0), data)
	}
	return append(logon2("IPC$", 2),
		ask(smb2Create, 4, create2("svcctl", 0)), give(smb2Create, 0, 4, created2(0)),
		ask(smb2Write, 5, write2(0, string(bindTo(rpcBind, svcctl, nil)))), give(smb2Write, 0, 5, written2(72)),
		ask(smb2Read, 6, read2(0)), give(smb2Read, 0, 6, data2(string(bound()))),
		ask(smb2Ioctl, 7, transceive(call(2, 12, zeros(100)))), give(smb2Ioctl, 0, 7, transceived(result(2, zeros(24)))),
		ask(smb2Ioctl, 8, transceive(call(3, 19, zeros(28)))), give(smb2Ioctl, 0, 8, transceived(fault(3, 5))),
		ask(smb2Close, 9, close2()), give(smb2Close, 0, 9, zeros(60)))
}

func init() {
	dialogues["smb"] = append(dialogues["smb"], overPipe())
	dialogues["dcerpc"] = append(dialogues["dcerpc"], overTCP(bindTo(rpcBind, svcctl, ntlm3("anna", "CLINIC", "PC", 200)), bound(),
		call(2, 15, zeros(40)), result(2, zeros(24)), call(3, 12, zeros(3000)), fault(3, 0x1c010002)))
}

func TestPipesCarryCalls(t *testing.T) {
	want := []string{
		"smb create STATUS_SUCCESS IPC$  ",
		"rpc svcctl svcctl CreateServiceW ok ",
		"rpc svcctl svcctl StartServiceW fault ERROR_ACCESS_DENIED",
	}
	records := run(smbSpec(t, "smb"), overPipe())
	if diff := cmp.Diff(want, told(records)[4:]); diff != "" {
		t.Error(diff)
	}
	if r := records[5].(*RPC); r.Sent != 100 || r.Received != 24 {
		t.Errorf("%d bytes sent and %d received, want 100 and 24", r.Sent, r.Received)
	}
}

func TestPipesWhoseOpeningWasNotSeen(t *testing.T) {
	for _, tt := range []struct {
		written []byte
		want    []string
	}{
		{bindTo(rpcBind, svcctl, nil), []string{"rpc  svcctl CreateServiceW  "}},
		{[]byte("\x05 is no call, nor is this"), nil},
	} {
		records := run(smbSpec(t, "smb"), dialogue{ask(smb2Write, 5, write2(0, string(tt.written))), give(smb2Write, 0, 5, written2(72)),
			ask(smb2Write, 6, write2(0, string(call(2, 12, zeros(30)))))}[:2+min(len(tt.want), 1)])
		if diff := cmp.Diff(tt.want, told(records)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCallsAreTold(t *testing.T) {
	token := ntlm3("anna", "CLINIC", "PC", 200)
	who := "auth ntlm CLINIC anna PC "
	parts := overTCP(bindTo(rpcBind, svcctl, nil), bound(),
		pdu(rpcRequest, rpcFirst, 2, le(uint32(0), uint16(0), uint16(12), zeros(50)), nil), nil,
		pdu(rpcRequest, rpcLast, 2, le(uint32(0), uint16(0), uint16(12), zeros(60)), nil),
		slices.Concat(pdu(rpcResponse, rpcFirst, 2, zeros(8+10), nil), pdu(rpcResponse, rpcLast, 2, zeros(8+5), nil)))
	for _, tt := range []struct {
		name string
		d    dialogue
		want []string
	}{
		{"a login that holds", overTCP(bindTo(rpcBind, svcctl, token), bound(), call(2, 15, nil), result(2, zeros(4))),
			[]string{"ntlm v2", who + "success ", "rpc  svcctl OpenSCManagerW ok "}},
		{"a login that does not", overTCP(bindTo(rpcBind, svcctl, token), bound(), call(2, 15, nil), fault(2, 5)),
			[]string{"ntlm v2", who + "failure ERROR_ACCESS_DENIED", "rpc  svcctl OpenSCManagerW fault ERROR_ACCESS_DENIED"}},
		{"a bind that is refused", overTCP(bindTo(rpcBind, svcctl, token), pdu(rpcBindNak, 3, 1, le(uint16(8)), nil)),
			[]string{"ntlm v2", who + "failure bind_nak 8", "rpc  svcctl  refused bind_nak 8"}},
		{"no answer", overTCP(bindTo(rpcBind, svcctl, token), bound(), call(2, 2, nil)),
			[]string{"ntlm v2", who + "unknown ", "rpc  svcctl DeleteService  "}},
		{"fragments", parts, []string{"rpc  svcctl CreateServiceW ok "}},
		{"an unknown interface", overTCP(bindTo(rpcBind, "00112233-4455-6677-8899-aabbccddeeff", nil), bound(), call(2, 2, nil), result(2, nil)),
			[]string{"rpc    ok "}},
	} {
		records := run(smbSpec(t, "dcerpc"), tt.d)
		if diff := cmp.Diff(tt.want, told(records)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if r := records[len(records)-1].(*RPC); tt.name == "fragments" && (r.Sent != 110 || r.Received != 15) {
			t.Errorf("%d bytes sent and %d received, want 110 and 15", r.Sent, r.Received)
		} else if tt.name == "an unknown interface" && r.UUID != "00112233-4455-6677-8899-aabbccddeeff" {
			t.Errorf("its UUID is %s", r.UUID)
		}
	}
}

func TestZeroChallenge(t *testing.T) {
	for _, tt := range []struct {
		opnum     uint16
		challenge []byte
		want      bool
	}{{4, zeros(8), true}, {4, le(1, zeros(7)), false}, {5, zeros(8), false}, {4, le(7, 7, 7, 7, 7, 1, 2, 3), true}, {4, le(7, 7, 9, 9, 9, 1, 2, 3), true}, {4, le(7, 7, 9, 9, 8, 1, 2, 3), false}} {
		stub := le(zeros(4), uint32(3), utf16le("dc"), tt.challenge)
		records := run(smbSpec(t, "dcerpc"), overTCP(bindTo(rpcBind, netlogon, nil), bound(), call(2, tt.opnum, stub), result(2, zeros(12))))
		if r := records[0].(*RPC); r.ZeroChallenge != tt.want {
			t.Errorf("opnum %d, challenge %x: %v", tt.opnum, tt.challenge, r.ZeroChallenge)
		}
	}
}

func TestEndpointMapperNamesPorts(t *testing.T) {
	floor := le(uint16(1), 7, uint16(2), 0xc1, 0xb8, uint16(1), 9, uint16(4), 10, 0, 0, 5)
	p := newRPC("")
	for _, say := range overTCP(bindTo(rpcBind, epmapper, nil), bound(), call(2, 3, zeros(150)), result(2, bytes.Repeat(floor, 2))) {
		p.Feed(say.from, say.data, func(event.Record) {})
	}
	want := []Expectation{{Proto: "dcerpc", On: event.Server, Port: 0xc1b8}}
	if diff := cmp.Diff(want, p.Expect()); diff != "" {
		t.Error(diff)
	}
	if p.Expect() != nil {
		t.Error("told twice")
	}
}

func TestWhatCallsReturn(t *testing.T) {
	answer := func(pad int, flags int) []byte {
		body := le(uint32(0), uint16(0), 0, 0, zeros(20), uint32(0x424), zeros(pad))
		size := rpcHeader + len(body) + 8 + 16
		return le(5, 0, rpcResponse, flags, uint32(0x10), uint16(size), uint16(16), uint32(2), body, 10, 5, pad, 0, uint32(1), zeros(16))
	}
	for _, tt := range []struct {
		name   string
		answer []byte
		want   int64
		has    bool
	}{
		{"alone", result(2, le(zeros(20), uint32(5))), 5, true},
		{"before the padding of a signature", answer(8, 3), 0x424, true},
		{"in fragments", answer(0, rpcLast), 0, false},
		{"nothing", result(2, nil), 0, false},
	} {
		records := run(smbSpec(t, "dcerpc"), overTCP(bindTo(rpcBind, svcctl, nil), bound(), call(2, 16, zeros(30)), tt.answer))
		if r := records[0].(*RPC); r.Returned != tt.want || r.HasReturned != tt.has {
			t.Errorf("%s: returned %d %v", tt.name, r.Returned, r.HasReturned)
		}
	}
}

func TestClassesThatAreActivated(t *testing.T) {
	const activator = "000001a0-0000-0000-c000-000000000046"
	for uuid, want := range map[string]string{
		"49b2791a-b1ae-4c90-9b8e-e860ba07f889": "MMC20.Application", "8bc3f05e-d86b-11d0-a075-00c04fb68820": "WMI", "00112233-4455-6677-8899-aabbccddeeff": "",
	} {
		stub := le(zeros(77), wireUUID(uuid), zeros(30))
		records := run(smbSpec(t, "dcerpc"), overTCP(bindTo(rpcBind, activator, nil), bound(), call(2, 4, stub)))
		if r := records[0].(*RPC); r.Class != want {
			t.Errorf("%s: class %q, want %q", uuid, r.Class, want)
		}
	}
}

func TestPathsThatClimb(t *testing.T) {
	const srvsvc = "4b324fc8-1670-01d3-1278-5a47bf6ee188"
	for path, want := range map[string]bool{`\\x\..\..\a`: true, `\shares\notes..old`: false} {
		records := run(smbSpec(t, "dcerpc"), overTCP(bindTo(rpcBind, srvsvc, nil), bound(), call(2, 31, le(zeros(20), utf16le(path), zeros(9)))))
		if r := records[0].(*RPC); r.PathClimbs != want || r.Operation != "NetprPathCanonicalize" {
			t.Errorf("%s: %s climbs: %v", path, r.Operation, r.PathClimbs)
		}
	}
}

func TestPipesSayWhichInterfaceWhereNoBindWasSeen(t *testing.T) {
	for pipe, want := range map[string]string{"svcctl": "CreateServiceW", "SVCCTL": "CreateServiceW", "atsvc": ""} {
		p := newRPC(pipe)
		var got []event.Record
		p.Feed(event.Client, call(2, 12, zeros(30)), nil)
		p.End(func(r event.Record) { got = append(got, r) })
		if r := got[0].(*RPC); r.Operation != want {
			t.Errorf("pipe %s: %q, want %q", pipe, r.Operation, want)
		}
	}
}
