package pipeline

import (
	"net/netip"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// BenchmarkDocument is what the document of a conversation's end costs.
func BenchmarkDocument(b *testing.B) {
	flow := &event.Flow{
		Client: netip.MustParseAddrPort("10.1.2.3:40000"), Server: netip.MustParseAddrPort("198.51.100.7:443"), Proto: 6,
		ClientMAC: event.MAC{2, 1, 1, 1, 1, 1}, ServerMAC: event.MAC{2, 1, 1, 1, 1, 2}, App: "tls", CommunityID: "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
	}
	traffic := &event.Traffic{First: 1_700_000_000_000_000_000, Last: 1_700_000_001_000_000_000, History: "ShADadFf", RTT: 1_000_000, End: "fin"}
	written := 0
	d := newDocument(&event.Observer{}, func(doc event.Doc) { written += len(doc.JSON) })
	b.ReportAllocs()
	for b.Loop() {
		d.write("flow.end", traffic.Last, "0123456789abcdef01234567", traffic, flow)
	}
	b.ReportMetric(float64(written)/float64(b.N), "bytes/document")
}
