package check

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/secret"
)

func init() {
	register(Spec{Name: "elastic", Doc: "Elasticsearch: does it answer, does it have its templates, what may the key, and how much will come", Run: elastic})
}

// Server is an Elasticsearch that documents go to.
type Server struct {
	Name     string // of the output
	Where    string // the first of its hosts
	Standing func() (*ingest.Standing, error)
}

func elastic(e *Env) (found []Problem) {
	for i := range e.Servers {
		s := &e.Servers[i]
		standing, err := s.Standing()
		if err != nil {
			found = append(found, s.unheard(e, err))
			continue
		}
		e.fact(s.Name, say("%s, licence %s", "%s, licentie %s", standing.Server.String(), licence(standing)))
		if standing.Hidden {
			e.fact(s.Name, say("the key may not ask for templates", "de sleutel mag niet naar templates vragen"))
		}
		found = append(append(found, s.templates(e, standing)...), s.rights(e, standing)...)
	}
	if len(e.Servers) > 0 {
		e.expect()
	}
	return found
}

func licence(s *ingest.Standing) string {
	if s.Licence == "" {
		return "?"
	}
	return s.Licence
}

// expect tells how much will come, from what the journal holds.
func (e *Env) expect() {
	documents, bytes := e.Expected()
	if documents == 0 {
		e.fact("", say("how many documents will come is known once a run has filled its journal", "hoeveel documenten er komen blijkt als run zijn journaal gevuld heeft"))
		return
	}
	e.fact("", say("about %.0f documents and %.1f MB of JSON a day are to be expected", "naar verwachting ongeveer %.0f documenten en %.1f MB JSON per dag", documents, bytes/1e6))
}

// install is the command that sets a server up.
func (s *Server) install(e *Env, more string) string {
	return fmt.Sprintf("%s elastic install --url %s --user ADMINISTRATOR%s", e.Command, s.Where, more)
}

// unheard is a server that says nothing, or no.
func (s *Server) unheard(e *Env, err error) Problem {
	p := Problem{
		About: s.Name,
		What:  say("%s", "%s", strings.TrimPrefix(err.Error(), "elasticsearch: ")),
		Lost:  say("delivery: documents wait in the journal, and when that is full the oldest telemetry is lost", "bezorging: documenten wachten in het journaal, en als dat vol is gaat de oudste telemetrie verloren"),
		Mend:  "curl -sv --max-time 5 " + s.Where,
	}
	var refused *ingest.Refused
	switch {
	case errors.Is(err, secret.ErrElsewhere):
		p.Note = true
		p.Lost = say("nothing: only the service has this secret, and says in its log what it hears", "niets: alleen de dienst heeft dit geheim, en zegt in zijn log wat hij hoort")
		p.Mend = "journalctl -u brandmelder-ship -n 20"
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		p.Mend = s.install(e, " --sensor SENSOR --replace-key")
	}
	return p
}

func (s *Server) templates(e *Env, standing *ingest.Standing) []Problem {
	missing := standing.Missing
	if len(missing) == 0 {
		return nil
	}
	return []Problem{{
		About: s.Name,
		What:  say("%d templates are not there, such as %s", "%d templates zijn er niet, zoals %s", len(missing), missing[0]),
		Lost:  say("fields of the right type, the age after which documents go, and dashboards and rules that find them", "velden van het juiste type, de leeftijd waarop documenten weg mogen, en dashboards en regels die ze vinden"),
		Mend:  s.install(e, ""),
	}}
}

func (s *Server) rights(e *Env, standing *ingest.Standing) (found []Problem) {
	for _, r := range standing.Rights {
		if r.Has == r.Wanted {
			continue
		}
		p := Problem{
			About: s.Name, Mend: s.install(e, " --sensor SENSOR --replace-key"),
			What: say("the sensor's key %s", "de sleutel van de sensor: %s", r.String()),
			Lost: say("delivery: documents wait in the journal", "bezorging: documenten wachten in het journaal"),
		}
		if r.Has {
			p.Lost = say("safety: who takes the sensor over can read, change or remove what others sent", "veiligheid: wie de sensor overneemt kan lezen, wijzigen of wissen wat anderen stuurden")
		}
		found = append(found, p)
	}
	return found
}
