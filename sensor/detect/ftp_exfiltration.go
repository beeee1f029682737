package detect

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// ftpExfiltration finds a host of ours that begins to bring reports or archives to
// an FTP server outside and only ever stores there. A person and a program that
// keeps two folders alike look at what is there first; stealers do not. An export
// that has run for a day is the house's own, and a server that several hosts
// store on is a partner's.
type ftpExfiltration struct {
	env   Env
	pairs *baseline.Map[pair, ftpStores]
	users *baseline.Map[netip.Addr, firstFew]
}

type ftpStores struct {
	first  int64
	files  int64 // reports and archives stored
	marked bool  // one was named as a known stealer names its reports
	looks  bool  // the client listed or fetched something there
	told   int64
	refs   []event.FlowRef
}

const (
	ftpPairs  = 8192
	ftpMemory = 30 * 24 * 3600 * second
	ftpKnown  = 24 * 3600 * second
	ftpFew    = 2
)

func newFTPExfiltration(env Env, decode Decoder) (Detector, error) {
	return &ftpExfiltration{
		env:   env,
		pairs: baseline.NewMap[pair, ftpStores](env.State, "ftp-exfiltration.pairs", ftpPairs, ftpMemory),
		users: baseline.NewMap[netip.Addr, firstFew](env.State, "ftp-exfiltration.users", ftpPairs, ftpMemory),
	}, decode(&struct{}{})
}

func (d *ftpExfiltration) Tick(int64, Report) {}

func (d *ftpExfiltration) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	k := pair{e.Flow.Client.Addr(), e.Flow.Server.Addr()}
	if !d.env.Know.Internal(k.client) || d.env.Know.Internal(k.server) || event.NumberOf(e.Data, "brandmelder.ftp.reply") >= 400 {
		return
	}
	switch event.TextOf(e.Data, "brandmelder.ftp.command") {
	case "LIST", "NLST", "MLSD", "MLST", "RETR", "SIZE", "MDTM", "STAT":
		s, fresh := d.pairs.Touch(k, e.Time)
		if s.looks = true; fresh {
			s.first = e.Time
		}
	case "STOR", "STOU", "APPE":
		d.stored(e, k, report)
	}
}

func (d *ftpExfiltration) stored(e *event.Event, k pair, report Report) {
	s, fresh := d.pairs.Touch(k, e.Time)
	if fresh {
		s.first = e.Time
	}
	users, _ := d.users.Touch(k.server, e.Time)
	users.add(k.client)
	marked := stealerName(event.TextOf(e.Data, "file.name"))
	if !marked && !bundle(event.TextOf(e.Data, "file.extension")) {
		return
	}
	s.files++
	s.marked = s.marked || marked
	s.refs = noteFlow(s.refs, e.Flow)
	known := s.told == 0 && e.Time-s.first > ftpKnown
	if !marked && (s.looks || known || users.n > ftpFew) || s.files < 2*s.told {
		return
	}
	s.told = s.files
	report(d.finding(e, k, s))
}

// bundle is the ending of what holds many things: archives and reports.
func bundle(ending string) bool {
	return slices.Contains([]string{"zip", "rar", "7z", "html", "htm"}, strings.ToLower(ending))
}

// stealerName knows the names that Agent Tesla gives its reports of passwords, keys
// typed, cookies and screens: two capitals, the user, the host and the time.
func stealerName(name string) bool {
	ending := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	kind, rest, ok := strings.Cut(name, "_")
	return ok && slices.Contains([]string{"PW", "KL", "CO", "SC"}, kind) && strings.Contains(rest, "_") &&
		slices.Contains([]string{"html", "zip", "txt", "jpeg", "jpg"}, ending)
}

func (d *ftpExfiltration) finding(e *event.Event, k pair, s *ftpStores) event.Finding {
	f := event.Finding{
		Key: k.client.String() + " " + k.server.String(), Time: e.Time, Onset: s.first,
		Subject: d.env.Know.Entity(k.client), Peer: d.env.Know.Entity(k.server), Port: e.Flow.Server.Port(),
		Flows: slices.Clone(s.refs), FlowsTotal: len(s.refs),
		Observed: event.Measure{Value: float64(s.files), Unit: "files", N: int(s.files)},
		Facts:    &ftpExfilFacts{s.files, s.marked}, Score: 65, Severity: event.Medium,
	}
	if s.marked {
		f.Score, f.Severity = 90, event.High
	}
	return f
}

type ftpExfilFacts struct {
	Files  int64
	Marked bool
}

var ftpExfilTable = event.NewTable("ftp-exfiltration", "A host begins to store reports or archives on an FTP server outside.",
	event.Int("brandmelder.ftp_exfiltration.files", event.Technical, "archives and reports stored there", func(f *ftpExfilFacts) (int64, bool) { return f.Files, true }),
	event.Bool("brandmelder.ftp_exfiltration.marked", event.Technical, "one was named as a known stealer names its reports", func(f *ftpExfilFacts) (bool, bool) { return true, f.Marked }),
)

func (*ftpExfilFacts) Table() *event.Table { return ftpExfilTable }

func init() {
	register(Spec{
		Name: "ftp-exfiltration", Doc: "a host begins to store reports or archives on an FTP server outside, and looks at nothing there",
		Family: "exfiltration", Technique: []string{"T1048.003"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"ftp"}, Facts: ftpExfilTable, New: newFTPExfiltration,
	})
}
