package ingest

import (
	"context"
	"net/http"
	"strings"
)

// Standing is what a server says to a sensor's own key, which may only look.
type Standing struct {
	Server  Server
	Licence string   // "" where the key or the server does not say
	Missing []string // templates that the sensor's data streams need and that are not there
	Hidden  bool     // the key may not ask for templates
	Rights  []Right  // of the key; empty where the server has none
}

// Standing asks with the client's own key how the server is set up for a tenant.
func (c *Client) Standing(ctx context.Context, sets []Dataset, t *Tenant) (*Standing, error) {
	server, err := c.Hello(ctx)
	if err != nil {
		return nil, err
	}
	a, s := &Admin{c}, &Standing{Server: *server}
	if answer, err := a.get(ctx, "_license"); err == nil {
		licence, _ := answer["license"].(object)
		s.Licence = strings.TrimSpace(text(licence["type"]) + " " + text(licence["status"]))
	}
	there, status, err := a.Call(ctx, http.MethodGet, "_index_template/logs-brandmelder.*", nil)
	if err != nil {
		return nil, err
	}
	s.Hidden = status == http.StatusForbidden
	if !s.Hidden {
		s.Missing = missingTemplates(there, sets, t)
	}
	if !server.OpenSearch {
		s.Rights, err = a.Rights(ctx, t)
	}
	return s, err
}

func missingTemplates(there object, sets []Dataset, t *Tenant) (names []string) {
	stands := map[string]bool{}
	list, _ := there["index_templates"].([]any)
	for _, one := range list {
		o, _ := one.(object)
		stands[text(o["name"])] = true
	}
	for _, d := range sets {
		for _, asset := range []Asset{new(Abilities).template(d, nil), new(Abilities).template(d, t)} {
			if name := strings.TrimPrefix(asset.Path, "_index_template/"); !stands[name] {
				names = append(names, name)
			}
		}
	}
	return names
}
