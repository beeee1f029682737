package detect

import (
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// proxyPivot finds a host of ours that passes connections on to others of ours:
// intruders have the host that they took over do so, and then use their own tools
// through it. A proxy of the house leads outside; nothing of an ordinary network
// reaches file servers, desktops or directories through SOCKS or CONNECT. Who comes
// in from outside through a proxy of ours is told of as well.
type proxyPivot struct {
	env   Env
	pairs *baseline.Map[pair, pivotUse] // client and proxy
}

type pivotUse struct {
	first   int64
	targets []netip.AddrPort
	admin   int // of them, services by which hosts are administered
	refused int
	told    event.Severity
	count   int
	refs    []event.FlowRef
}

const (
	pivotPairs   = 8192
	pivotHour    = 3600 * second
	pivotTargets = 64
	pivotMany    = 3  // hosts or services
	pivotSearch  = 10 // no person opens so many by hand within the hour
)

// pivotAdmin are services of ours that nobody needs a proxy for: SSH, Telnet, RPC,
// SMB, Kerberos, LDAP, databases, remote desktops, WinRM.
var pivotAdmin = []uint16{22, 23, 88, 135, 139, 389, 445, 636, 1433, 1521, 3268, 3306, 3389, 5432, 5900, 5985, 5986, 6379, 27017}

func newProxyPivot(env Env, decode Decoder) (Detector, error) {
	return &proxyPivot{env: env, pairs: baseline.NewMap[pair, pivotUse](env.State, "proxy-pivot.pairs", pivotPairs, pivotHour)}, decode(&struct{}{})
}

func (d *proxyPivot) Tick(int64, Report) {}

func (d *proxyPivot) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	target, socks, passed := pivotTarget(e)
	k := pair{e.Flow.Client.Addr(), e.Flow.Server.Addr()}
	if !target.IsValid() || !d.env.Know.Internal(k.server) || !d.env.Know.Internal(target.Addr()) || target.Addr() == k.server || target.Addr().IsLoopback() {
		return
	}
	admin := slices.Contains(pivotAdmin, target.Port())
	if !admin && !socks {
		return // an intranet behind the house's proxy
	}
	s, fresh := d.pairs.Touch(k, e.Time)
	if fresh {
		s.first = e.Time
	}
	s.count++
	s.refs = noteFlow(s.refs, e.Flow)
	if !passed {
		s.refused++
	}
	if len(s.targets) < pivotTargets && !slices.Contains(s.targets, target) {
		if s.targets = append(s.targets, target); admin {
			s.admin++
		}
	}
	if severity := d.severity(k, s, socks); severity > s.told {
		s.told = severity
		report(d.finding(e, k, s, socks))
	}
}

// pivotTarget is the address that a proxy is asked to connect to, where it is one.
func pivotTarget(e *event.Event) (target netip.AddrPort, socks, passed bool) {
	if e.Kind == "socks" {
		port := event.NumberOf(e.Data, "brandmelder.socks.target.port")
		return netip.AddrPortFrom(event.AddrOf(e.Data, "brandmelder.socks.target.ip"), uint16(port)), true, event.TextOf(e.Data, "brandmelder.socks.result") == "ok"
	}
	if event.TextOf(e.Data, "http.request.method") != "CONNECT" {
		return target, false, false
	}
	addr, _ := netip.ParseAddr(event.TextOf(e.Data, "url.domain"))
	status := event.NumberOf(e.Data, "http.response.status_code")
	return netip.AddrPortFrom(addr.Unmap(), uint16(event.NumberOf(e.Data, "url.port"))), false, status >= 200 && status < 300
}

// severity of what a proxy was asked for: what it refused is a try.
func (d *proxyPivot) severity(k pair, s *pivotUse, socks bool) event.Severity {
	outside := !d.env.Know.Internal(k.client)
	switch passed := s.count > s.refused; {
	case passed && (outside || len(s.targets) >= pivotSearch):
		return event.High
	case s.admin > 0 && socks && passed, len(s.targets) >= pivotMany, outside:
		return event.Medium
	}
	return event.Low
}

func (d *proxyPivot) finding(e *event.Event, k pair, s *pivotUse, socks bool) event.Finding {
	f := event.Finding{
		Key: k.client.String() + " " + k.server.String(), Time: e.Time, Onset: s.first,
		Subject: d.env.Know.Entity(k.client), Peer: d.env.Know.Entity(k.server), Port: e.Flow.Server.Port(),
		Flows: slices.Clone(s.refs), FlowsTotal: s.count,
		Observed: event.Measure{Value: float64(len(s.targets)), Unit: "targets", N: s.count},
		Facts:    &pivotFacts{Targets: len(s.targets), Admin: s.admin, Refused: s.refused, Socks: socks}, Score: 75, Severity: s.told,
	}
	for _, t := range s.targets {
		if !slices.Contains(f.Related, t.Addr()) {
			f.Related = append(f.Related, t.Addr())
		}
	}
	if allowedFrom(d.env, k.client, k.server) {
		f.Severity = event.Low
	}
	return f
}

type pivotFacts struct {
	Targets, Admin, Refused int
	Socks                   bool
}

var pivotTable = event.NewTable("proxy-pivot", "Hosts inside that pass connections on to others inside.",
	event.Int("brandmelder.proxy_pivot.services", event.Technical, "hosts and services inside that were asked for, at most 64", func(f *pivotFacts) (int64, bool) { return int64(f.Targets), true }),
	event.Int("brandmelder.proxy_pivot.admin", event.Technical, "of them services by which hosts are administered", func(f *pivotFacts) (int64, bool) { return int64(f.Admin), true }),
	event.Int("brandmelder.proxy_pivot.refused", event.Technical, "connections that the proxy did not make", func(f *pivotFacts) (int64, bool) { return int64(f.Refused), true }),
	event.Bool("brandmelder.proxy_pivot.socks", event.Technical, "by SOCKS; else by CONNECT", func(f *pivotFacts) (bool, bool) { return f.Socks, true }),
)

func (*pivotFacts) Table() *event.Table { return pivotTable }

func init() {
	register(Spec{
		Name: "proxy-pivot", Doc: "a host inside passes connections on to others inside, by SOCKS or CONNECT",
		Family: "c2-channel", Technique: []string{"T1090.001", "T1021"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"socks", "http"}, Facts: pivotTable, New: newProxyPivot,
	})
}
