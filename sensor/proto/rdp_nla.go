package proto

import "github.com/brandmelder/brandmelder/sensor/event"

// nlaCount counts the client's messages of CredSSP (MS-CSSP 3.1.5) by the TLS
// records that carry them. The client sends a first token, then its proof, and its
// credentials only after the server has accepted the proof: so the third message
// tells success, and an end after the second tells refusal. A connection that ends
// before was no attempt: clients look at the certificate first.
type nlaCount struct {
	records recordHeads // of the client
	first   bool        // its first record under the keys was seen
	tokens  int
}

const (
	// nlaLeast is the least length of a TLS record that can hold a token. Below it
	// are the single bytes that clients of TLS 1.0 put before each message.
	nlaLeast = 41
	nlaProof = 2 // tokens up to the proof
	// A Finished of TLS 1.3, which travels as data: header, SHA-256 or SHA-384, type, tag.
	finished256, finished384 = 4 + 32 + 1 + 16, 4 + 48 + 1 + 16
)

func (k *nlaCount) feed(from event.Side, data []byte) {
	if from == event.Server {
		return
	}
	k.records.feed(data, func(kind byte, n int) {
		if kind != tlsData || n < nlaLeast {
			return
		}
		hello := !k.first && (n == finished256 || n == finished384)
		k.first = true
		if !hello {
			k.tokens++
		}
	})
}

func (k *nlaCount) accepted() bool { return k.tokens > nlaProof }
func (k *nlaCount) refused() bool  { return k.tokens == nlaProof && !k.records.broken }

// recordHeads steps from one TLS record header to the next.
type recordHeads struct {
	head   [5]byte
	have   int
	left   int
	broken bool
}

// feed calls each with every record's type and length when its header is whole.
func (h *recordHeads) feed(data []byte, each func(kind byte, n int)) {
	for len(data) > 0 && !h.broken {
		if h.left > 0 {
			n := min(h.left, len(data))
			h.left, data = h.left-n, data[n:]
			continue
		}
		n := copy(h.head[h.have:], data)
		h.have, data = h.have+n, data[n:]
		if h.have < len(h.head) {
			return
		}
		h.have, h.left = 0, int(h.head[3])<<8|int(h.head[4])
		h.broken = h.head[1] != 3 || h.left > tlsMaxRecord
		each(h.head[0], h.left)
	}
}
