package proto

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "mongodb", Doc: "MongoDB: logins with their outcome, and the commands that change, empty or read out a server",
		Source: "MongoDB Wire Protocol, BSON 1.1", IP: 6, Ports: []uint16{27017}, Limit: 2*databaseKept + 8<<10,
		Probe: probeMongo, New: func() Parser { return newMongo() }, Tables: []*event.Table{databaseTable, storeTable, (*event.Login)(nil).Table()},
	})
}

const (
	mongoHead    = 16
	mongoMost    = 48_000_000 // bytes of a message, as servers allow
	mongoMsg     = 2013
	mongoQuery   = 2004
	mongoReply   = 1
	mongoPacked  = 2012
	mongoElement = 64 // elements of a document that are looked at
)

// mongoStatements are the everyday commands: counted, not told.
var mongoStatements = []string{"find", "aggregate", "insert", "update", "delete", "findAndModify", "getMore", "count", "distinct"}

// mongoKept are the commands that are told of.
var mongoKept = []string{"dropDatabase", "drop", "listDatabases", "shutdown", "createUser", "updateUser", "dropUser", "dropAllUsersFromDatabase", "grantRolesToUser", "createRole", "usersInfo",
	"setParameter", "getParameter", "copydb", "clone", "eval", "$eval", "mapReduce", "getLog", "getCmdLineOpts", "hostInfo", "serverStatus", "replSetReconfig", "replSetInitiate", "renameCollection", "fsync", "setFeatureCompatibilityVersion"}

func mongoSize(head []byte) int {
	n := int(binary.LittleEndian.Uint32(head))
	if n > mongoMost {
		return -1
	}
	return n
}

// probeMongo wants the header of a message and, of a request, where its document
// begins.
func probeMongo(from event.Side, data []byte) Verdict {
	if len(data) > 3 && (data[3] != 0 || mongoSize(data) < mongoHead+10) {
		return No
	}
	if len(data) < mongoHead+9 {
		return More
	}
	c := cursor{data: data, at: 8}
	to, code, flags := c.le32(), c.le32(), c.le32()
	switch {
	case from == event.Server:
		return yesIf(to != 0 && (code == mongoMsg && flags&^3 == 0 && data[20] == 0 || code == mongoReply && flags&^0xf == 0))
	case to != 0:
		return No
	case code == mongoMsg:
		return yesIf(flags&^0x10003 == 0 && data[20] == 0)
	}
	return yesIf(code == mongoQuery && flags&^0xfe == 0 && bytes.Contains(data[20:min(len(data), 85)], []byte(".")))
}

type mongoParser struct {
	rec      Database
	sides    [2]pieces
	pending  few[uint32, string] // commands that wait for their answer, by number
	tally    storeTally
	login    *event.Login
	attempts int64
}

func newMongo() *mongoParser {
	p := &mongoParser{rec: Database{System: "mongodb"}}
	for i := range p.sides {
		p.sides[i] = pieces{head: mongoHead, size: mongoSize}
	}
	return p
}

func (p *mongoParser) End(emit func(event.Record)) {
	p.decide(event.Unknown, emit)
	p.rec.tell(emit)
	p.tally.end(emit)
}

func (p *mongoParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 {
		n, msg := p.sides[from].next(data)
		if n < 0 {
			p.End(emit)
			return false
		}
		if data = data[n:]; len(msg) > mongoHead {
			p.message(from, msg, emit)
		}
	}
	return true
}

// message finds the document of a message; what is compressed is passed over.
func (p *mongoParser) message(from event.Side, msg []byte, emit func(event.Record)) {
	c := cursor{data: msg, at: 4}
	id, to, code := c.le32(), c.le32(), c.le32()
	c.skip(4) // flags
	database := ""
	switch code {
	case mongoMsg:
		if c.u8() != 0 {
			return
		}
	case mongoQuery:
		database, _, _ = strings.Cut(string(c.text()), ".")
		c.skip(8)
	case mongoReply:
		c.skip(16)
	default:
		return
	}
	c.skip(4) // length of the document
	if from == event.Client {
		p.request(id, database, &c, emit)
	} else {
		p.answer(to, &c, emit)
	}
}

// bsonElement is one of a document. Its value is what stands behind the head of a
// text or of bytes.
type bsonElement struct {
	kind  byte
	name  string
	value []byte
}

// bson reads the next; ok is false at the end, or where nothing can be read.
func (c *cursor) bson() (e bsonElement, ok bool) {
	if e.kind = c.u8(); e.kind == 0 {
		return e, false
	}
	e.name = string(c.text())
	switch e.kind {
	case 1, 9, 17, 18:
		e.value = c.take(8)
	case 2, 13, 14:
		e.value = bytes.TrimSuffix(c.take(int(c.le32())), []byte{0})
	case 3, 4, 15:
		e.value = c.take(int(c.le32()) - 4)
	case 5:
		n := int(c.le32())
		c.skip(1)
		e.value = c.take(n)
	case 7:
		c.skip(12)
	case 8:
		e.value = c.take(1)
	case 11:
		c.text()
		c.text()
	case 16:
		e.value = c.take(4)
	case 19:
		c.skip(16)
	case 6, 10, 127, 255:
	default:
		c.bad = true
	}
	return e, !c.bad
}

// request reads a command: its first element names it.
func (p *mongoParser) request(id uint32, database string, c *cursor, emit func(event.Record)) {
	command := ""
	var start mongoStart
	for n := 0; n < mongoElement; n++ {
		e, ok := c.bson()
		if !ok {
			break
		}
		switch {
		case n == 0:
			command = e.name
		case e.name == "$db" && e.kind == 2:
			database = string(e.value)
		case e.name == "speculativeAuthenticate" && e.kind == 3:
			inner := cursor{data: e.value}
			for e, ok := inner.bson(); ok; e, ok = inner.bson() {
				start.note(e)
			}
		case command == "saslStart" || command == "authenticate":
			start.note(e)
		}
	}
	switch {
	case start.mechanism != "":
		p.begin(&start, database, emit)
	case slices.Contains(mongoStatements, command):
		p.rec.Statements++
	}
	if slices.Contains(mongoKept, command) || strings.HasPrefix(command, "sasl") || command == "authenticate" {
		p.pending.put(id, command, 16)
	}
}

// mongoStart is how a login begins.
type mongoStart struct {
	mechanism, user string
	clear           bool
}

func (s *mongoStart) note(e bsonElement) {
	switch {
	case e.name == "mechanism" && e.kind == 2:
		s.mechanism = printable(strings.ToLower(string(e.value[:min(len(e.value), 32)])))
	case e.name == "user" && e.kind == 2:
		s.user = printable(string(e.value))
	case e.name == "payload" && e.kind == 5:
		if parts := bytes.Split(e.value, []byte{0}); len(parts) == 3 { // PLAIN (RFC 4616)
			s.user, s.clear = printable(string(parts[1])), len(parts[2]) > 0
		} else if _, rest, ok := bytes.Cut(e.value, []byte("n=")); ok { // SCRAM (RFC 5802)
			user, _, _ := bytes.Cut(rest, []byte(","))
			s.user = printable(string(user))
		}
	}
}

func (p *mongoParser) begin(s *mongoStart, database string, emit func(event.Record)) {
	p.decide(event.Unknown, emit)
	p.attempts++
	p.rec.User, p.rec.Method, p.rec.Name = s.user, s.mechanism, printable(database)
	p.login = &event.Login{Protocol: "mongodb", Method: s.mechanism, User: s.user, Service: p.rec.Name, Clear: s.clear, Attempt: p.attempts}
}

// answer reads whether a command was taken, and what a login came to.
func (p *mongoParser) answer(to uint32, c *cursor, emit func(event.Record)) {
	command, asked := p.pending.pop(to)
	refused, done, code, conversation := false, false, int32(0), false
	for n := 0; n < mongoElement; n++ {
		e, ok := c.bson()
		if !ok {
			break
		}
		switch {
		case e.name == "ok":
			refused = len(bytes.Trim(e.value, "\x00")) == 0
		case e.name == "done" && e.kind == 8:
			done = e.value[0] != 0
		case e.name == "code" && e.kind == 16:
			code = int32(binary.LittleEndian.Uint32(e.value))
		case e.name == "conversationId":
			conversation = true
		}
	}
	switch {
	case !asked:
	case !strings.HasPrefix(command, "sasl") && command != "authenticate":
		p.tally.count("mongodb", command, refused, emit)
	case refused:
		if p.rec.Error = fmt.Sprint(code); p.login != nil {
			p.login.Reason = p.rec.Error
		}
		p.decide(event.Failure, emit)
	case done || !conversation:
		p.decide(event.Success, emit)
	}
}

func (p *mongoParser) decide(o event.Outcome, emit func(event.Record)) {
	if p.login == nil {
		return
	}
	p.login.Outcome = o
	emit(p.login)
	p.login = nil
}
