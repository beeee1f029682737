package health

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Metrics writes the document in the text format of Prometheus (version 0.0.4). The
// values of a label are names of our own or of the configuration: none comes from the
// network, so their number is bounded.
func (s *Status) Metrics(w io.Writer) {
	x := &exposition{w}
	x.info("brandmelder_build_info", "Version of the program that answers.", "version", s.Version)
	x.states("brandmelder_sight", "Whether the network can be seen: 1 at the state that holds.", "state", s.Sight.State, Clear, Partly, Blind, Down)
	x.gauge("brandmelder_run_up", "Whether the process that captures answers.", one(s.Up))
	x.gauge("brandmelder_detectors_live", "Detectors that have nothing more to learn.", float64(s.Detectors.Live()))
	x.gauge("brandmelder_detectors_learning", "Detectors that still learn.", float64(s.Detectors.Total-s.Detectors.Live()))
	if s.Run != nil {
		s.Run.metrics(x)
		s.Run.Line.metrics(x, s.At)
	}
	if s.Minute != nil {
		s.Minute.metrics(x)
	}
	s.Journal.metrics(x)
	s.outputMetrics(x)
}

func (r *Run) metrics(x *exposition) {
	x.gauge("brandmelder_run_start_timestamp_seconds", "When it began.", seconds(r.Since))
	x.gauge("brandmelder_run_word_timestamp_seconds", "When it was heard of last.", seconds(r.At))
	silent := 0.0
	if !r.Silent.IsZero() {
		silent = r.At.Sub(r.Silent).Seconds()
	}
	x.gauge("brandmelder_silent_seconds", "For how long no packet came.", silent)
	x.counter("brandmelder_journal_written_total", "Documents on disk since run began.", float64(r.Journaled))
	x.counter("brandmelder_journal_shed_total", "Documents that the journal could not take.", float64(r.Shed))
	alerts := map[string]float64{"low": 0, "medium": 0, "high": 0, "critical": 0}
	for level, n := range r.Alerts {
		alerts[level] = float64(n)
	}
	x.by("brandmelder_alerts_total", "counter", "Alerts since run began, without the exercise's.", "severity", alerts)
	x.gauge("brandmelder_last_alert_timestamp_seconds", "When the newest alert was raised; 0 none.", r.LastAlert.seconds())
	x.gauge("brandmelder_last_drill_timestamp_seconds", "When the exercise raised its newest alert; 0 never.", r.LastDrill.seconds())
}

func (l *Line) metrics(x *exposition, now time.Time) {
	x.counter("brandmelder_capture_seen_packets_total", "Packets that reached the tap.", float64(l.Seen))
	x.counter("brandmelder_capture_packets_total", "Packets handed to the line, or counted in the kernel.", float64(l.Packets))
	x.counter("brandmelder_capture_bytes_total", "Bytes of these.", float64(l.Bytes))
	x.counter("brandmelder_capture_dropped_packets_total", "Packets that the kernel had no room for.", float64(l.Drops.Kernel))
	x.counter("brandmelder_capture_freezes_total", "Times that a ring was full.", float64(l.Drops.Freezes))
	blind := map[string]float64{}
	for _, i := range l.Interfaces {
		blind[i.Name] = one(!i.Since.IsZero())
	}
	x.by("brandmelder_interface_blind", "gauge", "Whether an interface cannot be seen.", "interface", blind)
	x.by("brandmelder_undecoded_packets_total", "counter", "Packets without headers, by reason.", "reason", floats(l.Drops.Undecoded))
	x.by("brandmelder_events_total", "counter", "Events by kind.", "kind", floats(l.Kinds))
	x.by("brandmelder_events_shed_total", "counter", "Events given up because detection was behind.", "kind", floats(l.Drops.Shed))
	x.gauge("brandmelder_flows_live", "Flows at this moment.", float64(l.Flows.Live))
	x.counter("brandmelder_flows_created_total", "Flows that began.", float64(l.Flows.Created))
	x.counter("brandmelder_flows_ended_total", "Flows that ended.", float64(l.Flows.Ended))
	x.by("brandmelder_flows_evicted_total", "counter", "Flows that had to make room.", "reason", floats(l.Drops.Evicted))
	x.counter("brandmelder_conversations_unread_total", "Conversations no longer read, to read newer ones.", float64(l.Drops.Unread))
	x.counter("brandmelder_parsers_broken_total", "Parsers that panicked; each cost one conversation's records.", float64(l.Drops.Broken))
	x.counter("brandmelder_findings_total", "Findings of the detectors.", float64(l.Findings))
	x.counter("brandmelder_clock_steps_total", "Times that the capture's clock was set.", float64(l.Steps))
	if !l.Clock.IsZero() {
		x.gauge("brandmelder_clock_lag_seconds", "How far the line is behind the time of day.", now.Sub(l.Clock).Seconds())
	}
}

func (m *Minute) metrics(x *exposition) {
	x.gauge("brandmelder_coverage_timestamp_seconds", "End of the newest minute of coverage.", seconds(m.End))
	x.gauge("brandmelder_coverage_one_way_ratio", "Share of the ended flows with one side only.", m.OneWay)
	x.gauge("brandmelder_coverage_tcp_packets", "Packets of TCP.", float64(m.TCP))
	x.gauge("brandmelder_coverage_tcp_one_way_ratio", "Share of them in conversations of which only one side was seen.", m.oneWay())
	x.gauge("brandmelder_coverage_dropped_ratio", "Share of the packets that the kernel had no room for.", m.dropped())
	x.gauge("brandmelder_coverage_gap_ratio", "Share of the bytes that were never seen.", m.gap())
	x.gauge("brandmelder_coverage_blind_seconds", "Time of the minute without an interface to look at.", time.Duration(m.Blind).Seconds())
}

func (j *Journal) metrics(x *exposition) {
	bytes, oldest, expired := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for name, s := range map[string]*Series{"decisions": &j.Decisions, "telemetry": &j.Telemetry} {
		bytes[name], oldest[name], expired[name] = float64(s.Bytes), seconds(s.Oldest), 0
		for _, n := range s.Expired {
			expired[name] += float64(n)
		}
	}
	x.by("brandmelder_journal_bytes", "gauge", "Size on disk.", "series", bytes)
	x.by("brandmelder_journal_oldest_timestamp_seconds", "gauge", "Time of the oldest document; 0 none.", "series", oldest)
	x.by("brandmelder_journal_expired_total", "counter", "Documents that expired by age or size.", "series", expired)
}

func (s *Status) outputMetrics(x *exposition) {
	pending, taken, dead, expired, waiting := map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]float64{}
	for i := range s.Outputs {
		name, sum := s.Outputs[i].Name, s.Outputs[i].Both()
		pending[name], taken[name], dead[name], expired[name] = float64(sum.Pending), float64(sum.Acknowledged), float64(sum.Dead), float64(sum.Expired)
		waiting[name] = 0
		if since, err := time.Parse(time.RFC3339, sum.Since); err == nil && sum.Error != "" {
			waiting[name] = max(0, s.At.Sub(since).Seconds())
		}
	}
	x.by("brandmelder_output_pending_documents", "gauge", "Documents that wait for an output.", "output", pending)
	x.by("brandmelder_output_acknowledged_total", "counter", "Documents that it took.", "output", taken)
	x.by("brandmelder_output_dead_letters", "gauge", "Documents that it will not take.", "output", dead)
	x.by("brandmelder_output_expired_total", "counter", "Documents that expired before it took them.", "output", expired)
	x.by("brandmelder_output_waiting_seconds", "gauge", "For how long something holds it up.", "output", waiting)
}

// exposition writes metrics, each with its help and type.
type exposition struct{ w io.Writer }

func (x *exposition) head(name, kind, help string) {
	fmt.Fprintf(x.w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (x *exposition) gauge(name, help string, v float64) {
	x.head(name, "gauge", help)
	fmt.Fprintf(x.w, "%s %v\n", name, v)
}

func (x *exposition) counter(name, help string, v float64) {
	x.head(name, "counter", help)
	fmt.Fprintf(x.w, "%s %v\n", name, v)
}

// by writes one sample a value of a label.
func (x *exposition) by(name, kind, help, label string, values map[string]float64) {
	x.head(name, kind, help)
	for _, value := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(x.w, "%s{%s=%s} %v\n", name, label, quote(value), values[value])
	}
}

func (x *exposition) info(name, help, label, value string) {
	x.by(name, "gauge", help, label, map[string]float64{value: 1})
}

// states is 1 at the state that holds and 0 at the others.
func (x *exposition) states(name, help, label, holds string, all ...string) {
	values := map[string]float64{}
	for _, state := range all {
		values[state] = one(state == holds)
	}
	x.by(name, "gauge", help, label, values)
}

// quote writes the value of a label: of the escapes of Go it has these three.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func (a *Alert) seconds() float64 {
	if a == nil {
		return 0
	}
	return seconds(a.At)
}

func floats(counts map[string]uint64) map[string]float64 {
	out := map[string]float64{}
	for name, n := range counts {
		out[name] = float64(n)
	}
	return out
}
