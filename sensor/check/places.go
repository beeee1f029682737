package check

import (
	"os"
	"time"

	"github.com/oschwald/geoip2-golang/v2"
)

func init() {
	register(Spec{Name: "places", Doc: "databases of places: are they there, readable and not too old", Run: places})
}

// maxAge of a database of places: they come twice a week, and in a quarter one address
// in twenty or so has moved.
const maxAge = 90 * 24 * time.Hour

func places(e *Env) (found []Problem) {
	for _, path := range e.Places {
		if path == "" {
			continue
		}
		b, err := os.ReadFile(path)
		var db *geoip2.Reader
		if err == nil {
			db, err = geoip2.OpenBytes(b)
		}
		if err != nil {
			found = append(found, Problem{
				About: path,
				What:  say("cannot be read: %v", "is niet te lezen: %v", err),
				Lost:  say("country and network owner of addresses; a run does not start", "land en netwerkeigenaar van adressen; run start niet"),
				Mend:  "sudo geoipupdate",
			})
			continue
		}
		built := db.Metadata().BuildTime()
		e.fact(path, say("of %s", "van %s", built.Format(time.DateOnly)))
		if age := time.Since(built); age > maxAge {
			found = append(found, Problem{
				About: path,
				What:  say("is %d days old", "is %d dagen oud", int(age.Hours()/24)),
				Lost:  say("right countries and owners of addresses that moved since", "juiste landen en eigenaars van adressen die sindsdien verhuisd zijn"),
				Mend:  "sudo geoipupdate",
			})
		}
	}
	return found
}
