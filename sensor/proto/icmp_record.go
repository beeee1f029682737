package proto

import "github.com/brandmelder/brandmelder/sensor/event"

// ICMP sums up what a pair of hosts said since its flow began. It is given at the
// first exchange, again at 64 messages and each fourfold, and at the end: a later
// one takes the place of the earlier.
type ICMP struct {
	Type, Code uint8 // of the first message
	Name       string
	Messages   int64

	Requests, Replies int64    // echoes
	Bytes             [2]int64 // payload of echoes by side
	Distinct          int      // different payloads, counted up to 32
	Mismatched        int64    // replies that carried something else than their request, or its front
	Unasked           int64    // replies without a request
	Carriers          int64    // requests whose filling differs from the one before
	Carried           int64    // bytes of that filling
	Words             int64    // different words, at most 4, alone in front of zeros in requests
	Largest           int      // bytes of the largest payload
	Entropy           float64  // of all echoed bytes, bits per byte
	Printable         float64  // share of printable bytes, 0 to 1

	Errors    int64
	ErrorName string // of the latest error
	ErrorCode uint8
	Final     bool // the flow is over
}

func (*ICMP) Table() *event.Table { return icmpTable }

var icmpTable = event.NewTable("icmp", "What a pair of hosts said by ICMP: echoes, errors, and what they carried.", icmpFields()...).InBrief("brandmelder.icmp.name", "brandmelder.icmp.requests", "brandmelder.icmp.replies", "brandmelder.icmp.errors")

func icmpFields() []event.Field {
	count := func(path, doc string, get func(*ICMP) int64) event.Field {
		return event.Int("brandmelder.icmp."+path, event.Technical, doc, func(i *ICMP) (int64, bool) { n := get(i); return n, n > 0 })
	}
	echoed := func(i *ICMP) bool { return i.Bytes[0]+i.Bytes[1] > 0 }
	return []event.Field{
		event.String("brandmelder.icmp.name", event.Technical, "kind of the first message", func(i *ICMP) (string, bool) { return i.Name, true }),
		event.Int("brandmelder.icmp.type", event.Technical, "type of the first message", func(i *ICMP) (int64, bool) { return int64(i.Type), true }),
		event.Int("brandmelder.icmp.code", event.Technical, "code of the first message", func(i *ICMP) (int64, bool) { return int64(i.Code), true }),
		count("messages", "messages of both sides", func(i *ICMP) int64 { return i.Messages }),
		count("requests", "echo requests", func(i *ICMP) int64 { return i.Requests }),
		count("replies", "echo replies", func(i *ICMP) int64 { return i.Replies }),
		count("source.payload", "bytes in the client's echoes", func(i *ICMP) int64 { return i.Bytes[event.Client] }),
		count("destination.payload", "bytes in the server's echoes", func(i *ICMP) int64 { return i.Bytes[event.Server] }),
		count("distinct_payloads", "different payloads, counted up to 32", func(i *ICMP) int64 { return int64(i.Distinct) }),
		count("mismatched", "replies that differ from their request", func(i *ICMP) int64 { return i.Mismatched }),
		count("unasked", "replies without a request", func(i *ICMP) int64 { return i.Unasked }),
		count("carriers", "requests whose filling differs from the one before", func(i *ICMP) int64 { return i.Carriers }),
		count("carried", "bytes of that filling", func(i *ICMP) int64 { return i.Carried }),
		count("words", "different words that stand alone in front of zeros in requests, counted up to 4", func(i *ICMP) int64 { return i.Words }),
		count("largest_payload", "bytes of the largest payload", func(i *ICMP) int64 { return int64(i.Largest) }),
		event.Float("brandmelder.icmp.entropy", event.Technical, "entropy of the echoed bytes, bits per byte", func(i *ICMP) (float64, bool) { return i.Entropy, echoed(i) }),
		event.Float("brandmelder.icmp.printable", event.Technical, "share of printable bytes, 0 to 1", func(i *ICMP) (float64, bool) { return i.Printable, echoed(i) }),
		count("errors", "error messages", func(i *ICMP) int64 { return i.Errors }),
		event.String("brandmelder.icmp.error.name", event.Technical, "kind of the latest error", func(i *ICMP) (string, bool) { return i.ErrorName, i.Errors > 0 }),
		event.Int("brandmelder.icmp.error.code", event.Technical, "code of the latest error", func(i *ICMP) (int64, bool) { return int64(i.ErrorCode), i.Errors > 0 }),
		event.Bool("brandmelder.icmp.final", event.Technical, "the conversation is over", func(i *ICMP) (bool, bool) { return true, i.Final }),
	}
}
