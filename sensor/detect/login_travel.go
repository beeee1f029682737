package detect

import (
	"math"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/know"
)

// Who logs on from two places outside cannot have been in both: faster than an
// airliner and farther than a database of places errs. A telephone that goes from
// Wi-Fi to its carrier seems to travel too, but between networks that its owner
// uses all the time; so the network has to be new for the account.
const (
	travelSpeed    = 900  // km/h
	travelDistance = 500  // km
	travelNetworks = 16   // that one account is known in
	earthRadius    = 6371 // km
)

// loginTrip is the latest login from outside.
type loginTrip struct {
	latitude, longitude, radius float64
	at                          int64 // 0: none yet
}

// outsideOf is the address outside that a login came from: the client's own, or the
// one that a VPN server names when it asks RADIUS (Calling-Station-Id, RFC 2865 5.31).
func (d *loginNovelty) outsideOf(u *loginUse) netip.Addr {
	a := u.from
	if station, err := netip.ParseAddr(u.station); err == nil && u.protocol == "radius" {
		a = station.Unmap()
	}
	return a
}

// travel notes where a login came from and returns the distance to the one before,
// km, and the speed, km/h, that this would take; 0 where it is possible.
func (h *loginHabit) travel(p know.Place, now int64) (km, speed int64) {
	if !p.Located || p.ASN == 0 {
		return 0, 0
	}
	before := h.trip
	met := len(h.networks)
	h.networks.add(uint64(p.ASN), now, travelNetworks)
	h.trip = loginTrip{p.Latitude, p.Longitude, p.Radius, now}
	if before.at == 0 || len(h.networks) == met {
		return 0, 0
	}
	far := distance(before.latitude, before.longitude, p.Latitude, p.Longitude) - before.radius - p.Radius
	hours := float64(max(now-before.at, 60*second)) / (3600 * second)
	if far <= travelDistance || far/hours <= travelSpeed {
		return 0, 0
	}
	return int64(far), int64(far / hours)
}

// distance is the great circle between two points in degrees, km.
func distance(lat1, lon1, lat2, lon2 float64) float64 {
	const degree = math.Pi / 180
	half := func(a float64) float64 { s := math.Sin(a * degree / 2); return s * s }
	a := half(lat2-lat1) + math.Cos(lat1*degree)*math.Cos(lat2*degree)*half(lon2-lon1)
	return 2 * earthRadius * math.Asin(math.Sqrt(min(a, 1)))
}
