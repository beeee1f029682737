package detect

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// program finds a program on the move where it should not be: written to the hidden
// share of another host or fetched from a folder there where people keep nothing;
// served over HTTP under a false type, from a bare address, to a tool or a Java
// runtime; carried by FTP or TFTP between us and the outside, or raw on a socket.
// What software is by its first bytes counts, not its name. Downloads from a named
// host by a browser or an updater are ordinary and no finding.
type program struct {
	env    Env
	shares *baseline.Map[pair, programShare]
	served *baseline.Map[programPlace, programServed]
	users  *baseline.Map[string, firstFew]
	raw    *baseline.Map[pair, int64] // when told
	spread *baseline.Map[netip.Addr, programSpread]
}

const (
	programPairs = 16384
	programIdle  = 24 * 3600 * second
	programRefs  = 4
	// Whoever distributes software does so each month at least: it is told once, and
	// again when it reaches twice as many hosts.
	programSpreadIdle = deedMemory
	// Files of other kinds read from a hidden share from which a reader is a backup,
	// an inventory or a scanner that looks at versions.
	programOthers = 20
	// Points from which a download is a finding.
	programBar = 4
)

type programPlace struct {
	client netip.Addr
	place  string
}

type programShare struct {
	first           int64
	written, read   int
	others          int // other files read
	toldUp, toldOut int // written and read at the latest finding
	refs            []event.FlowRef
}

// programSpread is the hosts that a client wrote programs to. More than one are one
// story of the client: software distribution as well as a worm.
type programSpread struct {
	first           int64
	servers, toldAt int
	some            []netip.Addr
}

type programServed struct {
	first int64
	n     int
	signs programSign
	told  event.Severity
	refs  []event.FlowRef
}

func newProgram(env Env, decode Decoder) (Detector, error) {
	return &program{
		env:    env,
		shares: baseline.NewMap[pair, programShare](env.State, "executable-transfer.shares", programPairs, programIdle),
		served: baseline.NewMap[programPlace, programServed](env.State, "executable-transfer.served", programPairs, programIdle),
		users:  baseline.NewMap[string, firstFew](env.State, "executable-transfer.users", programPairs, programIdle),
		raw:    baseline.NewMap[pair, int64](env.State, "executable-transfer.raw", programPairs, programIdle),
		spread: baseline.NewMap[netip.Addr, programSpread](env.State, "executable-transfer.spread", deedClients, programSpreadIdle),
	}, decode(&struct{}{})
}

func (p *program) Tick(int64, Report) {}

func (p *program) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	switch e.Kind {
	case "smb":
		p.smb(e, report)
	case "http":
		p.http(e, report)
	case "ftp-data":
		p.ftp(e, report)
	case "talk":
		p.talk(e, report)
	}
}

// runnable are the classes of files that a machine runs.
func runnable(class string) bool {
	return class == "exe-pe" || class == "elf" || class == "macho" || class == "java-class"
}

// smb looks at a file that was closed on the hidden share of a drive or of Windows.
func (p *program) smb(e *event.Event, report Report) {
	r := e.Data
	if event.TextOf(r, "brandmelder.smb.command") != "close" || !event.IsTrue(r, "brandmelder.smb.share.admin") {
		return
	}
	k := pair{e.Flow.Client.Addr(), e.Flow.Server.Addr()}
	s, fresh := p.shares.Touch(k, e.Time)
	if fresh {
		s.first = e.Time
	}
	path := event.TextOf(r, "file.path")
	switch {
	case runnable(event.TextOf(r, "brandmelder.smb.write.magic")):
		s.written++
	case !runnable(event.TextOf(r, "brandmelder.smb.read.magic")) && event.NumberOf(r, "brandmelder.smb.read.bytes") > 0:
		s.others++
		return
	case runnable(event.TextOf(r, "brandmelder.smb.read.magic")) && staging(path) && whole(r):
		s.read++
	default:
		return
	}
	s.refs = keep(s.refs, e.Flow.Ref(), programRefs)
	switch {
	case s.written > 0 && s.written >= 2*s.toldUp:
		fresh := s.toldUp == 0
		s.toldUp = s.written
		p.wrote(e, k, s, fresh, report)
	case s.written == 0 && s.read > 0 && s.read >= 2*s.toldOut && s.others < programOthers:
		s.toldOut = s.read
		report(p.finding(e, k, s.first, s.refs, event.Medium, programFacts{Way: "share", Count: s.read, Class: event.TextOf(r, "brandmelder.smb.read.magic")}))
	}
}

// wrote reports a program that was written: of the first host by itself, of more as
// one story of the client.
func (p *program) wrote(e *event.Event, k pair, s *programShare, fresh bool, report Report) {
	w, _ := p.spread.Touch(k.client, e.Time)
	if w.first == 0 {
		w.first = s.first
	}
	if fresh && !slices.Contains(w.some, k.server) {
		w.servers++
		w.some = noteFew(w.some, k.server)
	}
	f := p.finding(e, k, s.first, s.refs, event.Medium, programFacts{Way: "share", Count: s.written, Class: event.TextOf(e.Data, "brandmelder.smb.write.magic"), Written: true})
	if w.servers > deedFew {
		if w.servers < 2*w.toldAt {
			return
		}
		w.toldAt = w.servers
		f.Key, f.Peer, f.Onset = k.client.String()+" * share", event.Entity{}, w.first
		f.Related = slices.Clone(w.some)
	}
	report(f)
}

// whole reports whether the file was read to its end: a look at a version is not.
func whole(r event.Record) bool {
	size := event.NumberOf(r, "file.size")
	return size > 0 && event.NumberOf(r, "brandmelder.smb.read.bytes") >= size
}

// stagingFolders are where intruders drop what they bring, since everybody may write
// there (ATT&CK T1074.001), and where no software is installed.
var stagingFolders = []string{`temp\`, `tmp\`, `windows\temp\`, `windows\tasks\`, `users\public\`, `programdata\`, `perflogs\`, `$recycle.bin\`, `intel\`}

func staging(path string) bool {
	low := strings.ToLower(strings.TrimLeft(path, `\`))
	return !strings.Contains(low, `\`) || slices.ContainsFunc(stagingFolders, func(f string) bool { return strings.HasPrefix(low, f) }) ||
		strings.HasPrefix(low, `users\`) && (strings.Contains(low, `\downloads\`) || strings.Contains(low, `\appdata\`) || strings.Contains(low, `\desktop\`))
}

// ftp looks at a data connection that crosses our border: inside, and to a mirror of
// packages, programs go by FTP as a matter of course only where people left them.
func (p *program) ftp(e *event.Event, report Report) {
	class := event.TextOf(e.Data, "brandmelder.ftp.content")
	if runnable(class) {
		p.carried(e, "ftp", class, report)
	}
}

// talk looks at a program that went over a socket with no protocol around it, or in
// the blocks of TFTP (RFC 1350).
func (p *program) talk(e *event.Event, report Report) {
	for _, side := range []string{event.TextOf(e.Data, "brandmelder.talk.client.class"), event.TextOf(e.Data, "brandmelder.talk.server.class")} {
		if runnable(side) && !slices.Contains(event.TextsOf(e.Data, "brandmelder.talk.shapes"), "stage") {
			p.carried(e, "socket", side, report)
		}
	}
}

// carried reports a program between two hosts once a day.
func (p *program) carried(e *event.Event, way, class string, report Report) {
	k := pair{e.Flow.Client.Addr(), e.Flow.Server.Addr()}
	at, fresh := p.raw.Touch(k, e.Time)
	if !fresh && e.Time-*at < programIdle {
		return
	}
	*at = e.Time
	severity := event.Medium
	if way == "ftp" && p.env.Know.Internal(k.client) == p.env.Know.Internal(k.server) {
		severity = event.Low
	}
	report(p.finding(e, k, e.Flow.Start, []event.FlowRef{e.Flow.Ref()}, severity, programFacts{Way: way, Count: 1, Class: class}))
}

func (p *program) finding(e *event.Event, k pair, onset int64, refs []event.FlowRef, severity event.Severity, facts programFacts) event.Finding {
	return event.Finding{
		Key: k.client.String() + " " + k.server.String() + " " + facts.Way, Time: e.Time, Onset: onset,
		Subject: p.env.Know.Entity(k.client), Peer: p.env.Know.Entity(k.server), Port: e.Flow.Server.Port(),
		Flows: slices.Clone(refs), FlowsTotal: len(refs),
		Observed: event.Measure{Value: float64(facts.Count), Unit: "programs", N: facts.Count},
		Facts:    &facts, Score: 60, Severity: severity,
	}
}
