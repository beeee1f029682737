package pipeline

import (
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// fact is a record of a parser whose struct other rooms cannot make, by its paths.
type fact struct{ table *event.Table }

func (f *fact) Table() *event.Table { return f.table }

// newFact makes one of texts, whole numbers and truths. Records never change, so
// many events share it.
func newFact(kind string, facts map[string]any) *fact {
	var paths []string
	for p := range facts {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	var fields []event.Field
	for _, p := range paths {
		switch v := facts[p].(type) {
		case string:
			fields = append(fields, event.String(p, event.Technical, "", func(*fact) (string, bool) { return v, true }))
		case int:
			fields = append(fields, event.Int(p, event.Technical, "", func(*fact) (int64, bool) { return int64(v), true }))
		case bool:
			fields = append(fields, event.Bool(p, event.Technical, "", func(*fact) (bool, bool) { return v, true }))
		case []int64:
			fields = append(fields, event.Ints(p, event.Technical, "", func(*fact) []int64 { return v }))
		}
	}
	return &fact{event.NewTable(kind, "", fields...)}
}

// controlled is an operation on a controller, accepted.
func controlled(operation, class string, requests int) *fact {
	return newFact("ot", map[string]any{
		"brandmelder.ot.operation": operation, "brandmelder.ot.class": class, "brandmelder.ot.unit": 1,
		"brandmelder.ot.status": "accepted", "brandmelder.ot.requests": requests, "brandmelder.ot.accepted": requests, "brandmelder.ot.items": 8 * requests,
	})
}

// message is a kind of HL7 message.
func message(sender, kind string, n int) *fact {
	return newFact("hl7", map[string]any{
		"brandmelder.hl7.sender": sender, "brandmelder.hl7.receiver": "BUS", "brandmelder.hl7.type": kind, "brandmelder.hl7.messages": n, "brandmelder.hl7.accepted": n,
	})
}

// call adds a remote procedure on a conversation of its own.
func (w *week) call(at int64, client, server netip.Addr, pipe, room, operation string) {
	on := uint16(445)
	if pipe == "" {
		on = 49670
	}
	f := w.talk(at, client, service(server, on), talkOf{app: "dcerpc", last: 300_000_000, up: 900, down: 1200})
	w.say("rpc", at+100_000_000, f, &proto.RPC{Interface: room, Operation: operation, Status: "ok", Pipe: pipe, AuthType: "kerberos", AuthLevel: "privacy", HasReturned: true})
}

// closed is a file of a share that was read or written.
func closed(share, path string, read, written int64, magic string) *proto.SMB {
	r := &proto.SMB{Command: "close", Version: 2, Dialect: "3.1.1", Status: "STATUS_SUCCESS", Share: share, ShareType: "disk", Admin: share == "ADMIN$" || share == "C$",
		Path: path, Size: max(read, written), Read: read, Written: written, ReadEntropy: 6, Entropy: 6}
	if read > 0 {
		r.Reads, r.ReadMagic = 1+read/65536, magic
	}
	if written > 0 {
		r.Writes, r.WrittenMagic = 1+written/65536, magic
	}
	return r
}

// logon is a login with its outcome.
func (w *week) logon(at int64, f *event.Flow, protocol, method, user string, outcome event.Outcome) {
	w.say("auth", at, f, &event.Login{Protocol: protocol, Method: method, User: user, Domain: "ZORG", Outcome: outcome})
}

// ticket adds a Kerberos exchange: an AS for no service, else a TGS.
func (w *week) ticket(at int64, client netip.Addr, user, spn string, ok bool) {
	const aes = 18
	f := w.talk(at, client, service(w.server(dcOne+w.r.IntN(2)), 88), talkOf{app: "kerberos", last: 10_000_000, up: 1400, down: 1500})
	k := &proto.Kerberos{Request: "TGS", Answer: "TGS-REP", Client: user, Realm: "ZORG.LOCAL", Service: spn, Offered: []int32{18, 17, 23}, Ticket: aes, Reply: aes, TGT: aes, Error: -1, RequestBytes: 1400, AnswerBytes: 1500}
	if spn == "" {
		k.Request, k.Answer, k.Service, k.Proof, k.TGT, k.Preauth = "AS", "AS-REP", "krbtgt/ZORG.LOCAL", aes, 0, []int32{2}
	}
	outcome := event.Success
	if !ok {
		k.Answer, k.Error, k.Ticket, k.Reply = "KRB-ERROR", 24, 0, 0
		outcome = event.Failure
	}
	w.say("kerberos", at+5_000_000, f, k)
	if spn == "" {
		w.logon(at+5_000_000, f, "kerberos", "kerberos", user, outcome)
	}
}

// page adds a request by HTTP on a conversation of its own.
func (w *week) page(at int64, client netip.Addr, server netip.AddrPort, r proto.HTTP) {
	f := w.talk(at, client, server, talkOf{app: "http", last: second, up: 500 + uint64(max(r.Body[0], 0)), down: 500 + uint64(r.Body[1])})
	if r.Method == "" {
		r.Method = "GET"
	}
	if r.Status == 0 {
		r.Status = 200
	}
	r.Version, r.Query, r.Checksum = "1.1", -1, -1
	w.say("http", at+200_000_000, f, &r)
}
