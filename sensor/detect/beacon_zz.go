package detect

const (
	beaconJoin = 1500 * second / 1000
	beaconRing = 64
	beaconLimit = 4
)
func beaconLook(n int) bool {
	switch n {
	case 8, 12, 16, 24, 32, 48:
		return true
	}
	return n >= 64 && n%32 == 0
}
