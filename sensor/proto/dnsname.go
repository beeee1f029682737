package proto

import (
	"hash/maphash"
	"math"
	"strings"
	"sync/atomic"

	"golang.org/x/net/publicsuffix"
)

const (
	maxNameText  = 255 // bytes of a name that are kept
	maxNameJumps = 16  // compression pointers followed in one name
)

// DNSName is what a name tells about data that may hide in it. The figures are
// made over the bytes as sent; Text is in lower case, other bytes as \DDD.
type DNSName struct {
	Text      string
	Length    int     // bytes without the root, dots included
	Labels    int     // number of labels
	Longest   int     // bytes of the longest label
	Domain    string  // registered domain by the public suffix list, "" for a suffix itself
	TLD       string  // public suffix
	Subdomain string  // what stands before Domain
	Entropy   float64 // bits per byte of the part before the domain, dots left out
}

// wireName reads a name (RFC 1035 section 4.1.4) at an offset of a message: its
// bytes with dots between the labels, and the offset behind it. Pointers only go
// back, so that no loop is possible.
func wireName(msg []byte, at int, into []byte) (name []byte, next int, ok bool) {
	name, next = into[:0], -1
	for jumps, floor := 0, at; at < len(msg); {
		n := int(msg[at])
		switch {
		case n == 0:
			if next < 0 {
				next = at + 1
			}
			return name, next, true
		case n >= 0xc0:
			if at+1 >= len(msg) || jumps == maxNameJumps {
				return name, 0, false
			}
			if next < 0 {
				next = at + 2
			}
			at = n&0x3f<<8 | int(msg[at+1])
			if at >= floor {
				return name, 0, false
			}
			floor = at
			jumps++
		case n > 63 || at+1+n > len(msg) || len(name)+n > 254:
			return name, 0, false
		default:
			if len(name) > 0 {
				name = append(name, '.')
			}
			name = append(name, msg[at+1:at+1+n]...)
			at += 1 + n
		}
	}
	return name, 0, false
}

// nameText is a name for people: lower case, what does not print as \DDD. Of a
// name that becomes too long the end is kept: it says whose name it is.
func nameText(raw []byte) string {
	from, size := len(raw), 0
	for ; from > 0 && size+nameWidth(raw[from-1]) <= maxNameText; from-- {
		size += nameWidth(raw[from-1])
	}
	if from > 0 && from < len(raw) && raw[from] == '.' {
		from++
	}
	var b strings.Builder
	b.Grow(size)
	for _, c := range raw[from:] {
		switch {
		case c >= 'A' && c <= 'Z':
			b.WriteByte(c + 'a' - 'A')
		case nameWidth(c) == 1:
			b.WriteByte(c)
		default:
			b.Write([]byte{'\\', '0' + c/100, '0' + c/10%10, '0' + c%10})
		}
	}
	return b.String()
}

// nameWidth is how many bytes a byte of a name becomes.
func nameWidth(c byte) int {
	if c > ' ' && c < 0x7f && c != '\\' {
		return 1
	}
	return 4
}

// knownNames remembers what names tell: a few of them are asked for again and again.
var (
	knownNames [1024]atomic.Pointer[DNSName]
	nameSeed   = maphash.MakeSeed()
)

func nameInfo(raw []byte) DNSName {
	known := &knownNames[maphash.Bytes(nameSeed, raw)%uint64(len(knownNames))]
	if n := known.Load(); n != nil && n.Text == string(raw) {
		return *n
	}
	n := readName(raw)
	if n.Text == string(raw) { // not one in capitals, whose entropy differs
		known.Store(&n)
	}
	return n
}

func readName(raw []byte) DNSName {
	n := DNSName{Text: nameText(raw), Length: len(raw)}
	run := 0
	for i, c := range raw {
		if c == '.' {
			run = 0
			continue
		}
		if i == 0 || raw[i-1] == '.' {
			n.Labels++
		}
		run++
		n.Longest = max(n.Longest, run)
	}
	if n.Text == "" || strings.HasPrefix(n.Text, ".") || strings.HasSuffix(n.Text, ".") {
		return n
	}
	n.TLD, _ = publicsuffix.PublicSuffix(n.Text)
	rest := strings.TrimSuffix(n.Text, n.TLD)
	if !strings.HasSuffix(rest, ".") || strings.Contains(n.Text, "..") {
		return n // a suffix itself, or no domain name
	}
	dot := strings.LastIndexByte(rest[:len(rest)-1], '.')
	n.Domain, n.Subdomain = n.Text[dot+1:], rest[:max(dot, 0)]
	if n.Subdomain != "" {
		n.Entropy = entropy(raw[:max(0, len(raw)-len(n.Domain))], '.')
	}
	return n
}

// entropy is the order-0 entropy of bytes in bits per byte, those equal to except
// left out; -1 leaves out none.
func entropy(data []byte, except int) float64 {
	var count [256]uint32
	total := 0
	for _, c := range data {
		if int(c) != except {
			count[c]++
			total++
		}
	}
	bits, all := 0.0, log2(total)
	for _, n := range count {
		if n > 0 {
			bits += float64(n) * (all - log2(int(n)))
		}
	}
	return bits / float64(max(total, 1))
}

// log2 of a small whole number is known: names are short and many.
func log2(n int) float64 {
	if n < len(logs2) {
		return logs2[n]
	}
	return math.Log2(float64(n))
}

var logs2 = func() (logs [256]float64) {
	for n := range logs {
		logs[n] = math.Log2(float64(n))
	}
	return logs
}()

// netbiosName undoes the first-level encoding of RFC 1001 section 14.1: the name
// without its padding, and the suffix that tells the kind of service.
func netbiosName(raw []byte) (name []byte, suffix uint8, ok bool) {
	if len(raw) < 32 || len(raw) > 32 && raw[32] != '.' {
		return nil, 0, false
	}
	var out [16]byte
	for i := range out {
		hi, lo := raw[2*i]-'A', raw[2*i+1]-'A'
		if hi > 15 || lo > 15 {
			return nil, 0, false
		}
		out[i] = hi<<4 | lo
	}
	name = []byte(strings.TrimRight(string(out[:15]), " \x00"))
	return name, out[15], true
}
