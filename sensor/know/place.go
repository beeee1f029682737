package know

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/oschwald/geoip2-golang/v2"
)

// Place is where an address is, as far as the databases tell.
type Place struct {
	Country      string // ISO 3166-1, two letters
	City         string // in English
	ASN          uint
	Organization string // of the ASN

	Located                     bool    // the three below are known
	Latitude, Longitude, Radius float64 // degrees; km within which the address is said to be
}

// places are the databases; a nil one knows nothing.
type places struct{ city, asn *geoip2.Reader }

func openPlaces(city, asn string) (*places, error) {
	c, err := openDB("city", city)
	if err != nil {
		return nil, err
	}
	a, err := openDB("asn", asn)
	if err != nil {
		return nil, err
	}
	return &places{city: c, asn: a}, nil
}

// openDB reads the file whole: a mapped one would end the process with SIGBUS
// when the file is cut while it is replaced.
func openDB(what, path string) (*geoip2.Reader, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s database: %w", what, err)
	}
	db, err := geoip2.OpenBytes(b)
	if err != nil {
		return nil, fmt.Errorf("%s database %s: %w", what, path, err)
	}
	return db, nil
}

// Place looks an address up. An internal address has no place; neither has one
// that the databases do not know or cannot tell.
func (k *Know) Place(a netip.Addr) Place {
	var p Place
	a = plain(a)
	if !a.IsValid() || k.Internal(a) {
		return p
	}
	if k.places.city != nil {
		if c, err := k.places.city.City(a); err == nil {
			p.Country, p.City = c.Country.ISOCode, c.City.Names.English
			if l := c.Location; l.HasCoordinates() {
				p.Located, p.Latitude, p.Longitude, p.Radius = true, *l.Latitude, *l.Longitude, float64(l.AccuracyRadius)
			}
		}
	}
	if k.places.asn != nil {
		if n, err := k.places.asn.ASN(a); err == nil {
			p.ASN, p.Organization = n.AutonomousSystemNumber, n.AutonomousSystemOrganization
		}
	}
	return p
}
