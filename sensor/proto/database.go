package proto

import (
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Database is one connection to a database: who came, how it was secured, and how
// much was asked. What was asked is never kept.
type Database struct {
	System     string // "mysql", "postgresql", "tds"
	Version    string // that the server announces
	User       string
	Name       string // of the database
	App, Host  string // what the client says of itself
	Method     string // how the user proves itself
	TLS        bool   // the connection went over to TLS: what follows is hidden
	Error      string // code by which the server refused
	Statements int64  // statements sent as text
	Calls      int64  // prepared statements and procedures that were run

	said bool
}

func (*Database) Table() *event.Table { return databaseTable }

var databaseTable = event.NewTable("database", "Connections to databases; statements are counted, never kept.",
	databaseText("brandmelder.database.system", event.Technical, "mysql, postgresql or tds", func(d *Database) string { return d.System }),
	databaseText("brandmelder.database.version", event.Technical, "version that the server announces", func(d *Database) string { return d.Version }),
	databaseText("user.name", event.Personal, "user who logs on", func(d *Database) string { return d.User }),
	databaseText("brandmelder.database.name", event.Personal, "database that is asked for", func(d *Database) string { return d.Name }),
	databaseText("brandmelder.database.application", event.Personal, "program that the client names", func(d *Database) string { return d.App }),
	databaseText("brandmelder.database.client_host", event.Personal, "name the client's machine gives itself", func(d *Database) string { return d.Host }),
	databaseText("brandmelder.database.method", event.Technical, "how the user proves itself", func(d *Database) string { return d.Method }),
	databaseText("brandmelder.database.error", event.Technical, "code by which the server refused", func(d *Database) string { return d.Error }),
	event.Bool("brandmelder.database.tls", event.Technical, "the connection went over to TLS", func(d *Database) (bool, bool) { return d.TLS, true }),
	event.Int("brandmelder.database.statements", event.Technical, "statements sent as text", func(d *Database) (int64, bool) { return d.Statements, !d.TLS }),
	event.Int("brandmelder.database.calls", event.Technical, "prepared statements and procedures that were run", func(d *Database) (int64, bool) { return d.Calls, !d.TLS }),
).InBrief("brandmelder.database.system", "user.name", "brandmelder.database.name", "brandmelder.database.error")

func databaseText(path string, p event.Privacy, doc string, get func(*Database) string) event.Field {
	return event.String(path, p, doc, func(d *Database) (string, bool) { t := get(d); return t, t != "" })
}

func (d *Database) tell(emit func(event.Record)) {
	if !d.said {
		d.said = true
		r := *d
		emit(&r)
	}
}

func (d *Database) login(o event.Outcome, clear bool, attempt int64, emit func(event.Record)) {
	emit(&event.Login{Protocol: d.System, Method: d.Method, User: d.User, Workstation: d.Host, Service: d.Name, Outcome: o, Reason: d.Error, Clear: clear, Attempt: attempt})
}

var databaseTables = []*event.Table{databaseTable, tlsTable, ntlmTable, (*event.Login)(nil).Table()}

// databaseKept is how much is kept of one message, bytes: logins and errors are
// short, rows are passed over.
const databaseKept = 8 << 10

// pieces cuts one side into messages behind a header that says their length. Of
// each it keeps the first bytes.
type pieces struct {
	head int
	size func(head []byte) int // of the whole message with its header; -1 where it is none
	buf  []byte
	want int // of the message that is read; 0 while its header is
	have int
}

// next takes some bytes of data, at least one; msg is what was kept of a message
// that is whole. n is -1 where there is no message.
func (p *pieces) next(data []byte) (n int, msg []byte) {
	need := p.head
	if p.want > 0 {
		need = p.want
	}
	n = min(need-p.have, len(data))
	p.buf = append(p.buf, data[:min(n, max(0, databaseKept-len(p.buf)))]...)
	p.have += n
	if p.want == 0 && p.have == p.head {
		if p.want = p.size(p.buf); p.want < p.head {
			return -1, nil
		}
	}
	if p.want > 0 && p.have == p.want {
		msg = p.buf
		p.buf, p.have, p.want = p.buf[len(p.buf):], 0, 0
	}
	return n, msg
}

func be16(b []byte) int { return int(binary.BigEndian.Uint16(b)) }
