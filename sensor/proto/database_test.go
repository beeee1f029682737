package proto

import (
	"fmt"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func databaseLines(records []event.Record) (out []string) {
	for _, r := range records {
		switch v := r.(type) {
		case *Database:
			out = append(out, fmt.Sprint(v.System, " ", v.Version, " ", v.User, "@", v.Name, " ", v.App, " ", v.Host, " ", v.Method, " tls=", v.TLS, " ", v.Error, " ", v.Statements, "+", v.Calls))
		case *event.Login:
			out = append(out, fmt.Sprint("login ", v.User, " by ", v.Method, ": ", v.Outcome, " ", v.Reason, " clear=", v.Clear))
		case *TLS:
			out = append(out, "tls "+v.Hello.ServerName)
		}
	}
	return out
}

func TestDatabases(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       []string
	}{
		{"tds", "hit.hex", []string{
			"login sa by password: failure 18456 clear=true", "login anna by password: success  clear=true",
			"tds 15.0.2000 anna@ehr loader WARD7-PC password tls=false  2+1"}},
		{"tds", "hit-login.hex", []string{"login  by : failure 18456 clear=false", "tds 15.0.2000 @    tls=true 18456 0+0"}},
		{"mysql", "hit.hex", []string{"login anna by mysql_clear_password: success  clear=true", "mysql 8.0.36-test anna@ehr   mysql_clear_password tls=false  2+1"}},
		{"mysql", "hit-refused.hex", []string{"login root by caching_sha2_password: failure 1045 clear=false", "mysql 8.0.36-test root@ehr   caching_sha2_password tls=false 1045 0+0"}},
		{"postgresql", "hit.hex", []string{"login anna by password: failure 28P01 clear=true", "postgresql  anna@ehr psql  password tls=false 28P01 0+0"}},
		{"postgresql", "hit-scram.hex", []string{"login app by scram: success  clear=false", "postgresql  app@ehr   scram tls=false  2+1"}},
	} {
		d := readDialogue(t, "testdata/"+tt.name+"/"+tt.file)
		if diff := cmp.Diff(tt.want, databaseLines(run(specOf(t, tt.name, 6), d))); diff != "" {
			t.Errorf("%s %s: %s", tt.name, tt.file, diff)
		}
	}
}

// Behind the agreement to use TLS the handshake is read as anywhere.
func TestDatabasesGoOverToTLS(t *testing.T) {
	c, s := event.Client, event.Server
	greeting := readDialogue(t, "testdata/mysql/hit.hex")[0].data
	hello := clientHelloOf("db1.example.org")
	for name, d := range map[string]dialogue{
		"mysql":      {{s, greeting}, {c, le(32, 0, 0, 1, uint32(0xaa00), uint32(1<<24), 255, zeros(23))}, {c, hello}},
		"postgresql": {{c, be(uint32(8), uint32(pgTLS))}, {s, []byte("S")}, {c, hello}},
	} {
		got := databaseLines(run(specOf(t, name, 6), d))
		if len(got) != 2 || got[1] != "tls db1.example.org" || got[0][:len(name)] != name {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func init() {
	c, s := event.Client, event.Server
	dialogues["tds"] = []dialogue{{{c, be(byte(0x12), byte(1), uint16(tdsHead+12), zeros(4), byte(0), uint16(6), uint16(6), byte(0xff), zeros(6))},
		{c, be(byte(0x12), byte(1), uint16(tdsHead+len(clientHelloOf("db1"))), zeros(4), clientHelloOf("db1"))}, {s, tlsRecordOf(23, 40)}, {c, tlsRecordOf(23, 60)}}}
}

// A row of many megabytes is passed over.
func TestLongMessagesAreNotKept(t *testing.T) {
	p := newMySQL()
	p.Feed(event.Server, le(0xff, 0xff, 0xff, 9), nil)
	for range 64 {
		p.Feed(event.Server, zeros(64<<10), nil)
	}
	if n := cap(p.sides[event.Server].buf); n > 2*databaseKept {
		t.Errorf("%d bytes kept", n)
	}
}
