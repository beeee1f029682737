package detect

import (
	"math"
	"math/bits"
	"slices"
)

// distinct counts different strings by their hashes: exactly up to distinctExact,
// then by HyperLogLog (Flajolet et al. 2007) with 1024 registers, 3 % off.
type distinct struct {
	exact     []uint64
	registers []uint8
}

const (
	distinctExact = 64
	distinctBits  = 10
)

// add counts the string with this hash.
func (d *distinct) add(h uint64) {
	if d.registers == nil {
		if slices.Contains(d.exact, h) {
			return
		}
		if len(d.exact) < distinctExact {
			d.exact = append(d.exact, h)
			return
		}
		d.registers = make([]uint8, 1<<distinctBits)
		for _, old := range d.exact {
			d.register(old)
		}
		d.exact = nil
	}
	d.register(h)
}

func (d *distinct) register(h uint64) {
	i := h >> (64 - distinctBits)
	rank := uint8(bits.LeadingZeros64(h<<distinctBits|1<<(distinctBits-1)) + 1)
	d.registers[i] = max(d.registers[i], rank)
}

// count is the number of different strings.
func (d *distinct) count() int {
	if d.registers == nil {
		return len(d.exact)
	}
	sum, empty := 0.0, 0
	for _, r := range d.registers {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			empty++
		}
	}
	const m = 1 << distinctBits
	estimate := .7213 / (1 + 1.079/m) * m * m / sum
	if estimate < 2.5*m && empty > 0 {
		estimate = m * math.Log(float64(m)/float64(empty))
	}
	return int(estimate + .5)
}

// hashOf is FNV-1a with the finish of MurmurHash3, which spreads the high bits.
func hashOf(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// letters counts the symbols of host names: letters of either case, digits, the
// dash, and all others as one.
type letters struct {
	n     [38]uint32
	total uint32
}

func (l *letters) add(s string) {
	for i := range len(s) {
		c := s[i] | 0x20
		switch {
		case c >= 'a' && c <= 'z':
			l.n[c-'a']++
		case s[i] >= '0' && s[i] <= '9':
			l.n[26+s[i]-'0']++
		case s[i] == '.':
			continue // parts the labels and carries nothing
		case s[i] == '-':
			l.n[36]++
		default:
			l.n[37]++
		}
		l.total++
	}
}

// bits is the information in one symbol, order 0, at most log2(36): that of an
// alphabet of letters and digits.
func (l *letters) bits() float64 {
	h := 0.0
	for _, n := range l.n {
		if n > 0 {
			p := float64(n) / float64(l.total)
			h -= p * math.Log2(p)
		}
	}
	return min(h, 5.17)
}
