package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/ingest/kibana"
	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// content is what Kibana shows of the tenant.
func (e *elastic) content() *kibana.Content {
	return &kibana.Content{Namespace: e.tenant.Namespace, Space: e.tenant.Space, Lang: e.Lang, Families: familiesToGuide(e.Lang)}
}

// familiesToGuide are what alerts can be about, with the techniques and the guides of the
// detectors of each.
func familiesToGuide(lang string) (list []kibana.Family) {
	for _, name := range event.Families {
		f := kibana.Family{Name: name, Title: event.FamilyTitle(lang, name)}
		for _, s := range detect.All() {
			if s.Family != name {
				continue
			}
			for _, id := range s.Technique {
				if !slices.Contains(f.Techniques, id) {
					f.Techniques = append(f.Techniques, id)
				}
			}
			if s.Name != "rules" {
				f.Guides = append(f.Guides, guide("nl", s.Name), guide("en", s.Name))
			}
		}
		slices.Sort(f.Techniques)
		list = append(list, f)
	}
	return list
}

// parties are what a guide calls the two ends, since it is about no alert in particular.
var parties = map[string][2]string{
	"subject": {"the source", "de bron"}, "peer": {"the destination", "de bestemming"},
}

// guide is what the detector's text says without an alert at hand.
func guide(lang, detector string) kibana.Guide {
	words := func(name string) (string, bool) {
		both, ok := parties[name]
		if lang == "nl" {
			return both[1], ok
		}
		return both[0], ok
	}
	text, err := alert.Render(lang, detector, words)
	if err != nil { // it cannot do without some figure
		text, _ = alert.Render(lang, detector, func(name string) (string, bool) {
			s, _ := words(name)
			return cmp.Or(s, "…"), true
		})
	}
	return kibana.Guide{Lang: lang, Detector: detector, Title: text.Title, Why: text.Why, Other: text.Other, Steps: text.Steps}
}

// exportContent writes what Kibana imports to a folder.
func (i *install) exportContent(w io.Writer) error {
	if err := i.load(); err != nil {
		return err
	}
	i.tenant.Namespace = cmp.Or(i.namespace, i.Namespace)
	if err := i.tenant.Check(); err != nil {
		return err
	}
	i.tenant.Space = cmp.Or(i.tenant.Space, ingest.SpaceOf(i.tenant.Namespace))
	files, err := i.content().Files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(i.export, 0o755); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	for name, file := range files {
		if err := os.WriteFile(filepath.Join(i.export, name), file, 0o644); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		fmt.Fprintf(w, "%s: %d objects\n", filepath.Join(i.export, name), strings.Count(string(file), "\n"))
	}
	return nil
}

// sendContent puts it into Kibana with the administrator's key.
func (i *install) sendContent(ctx context.Context) ([]string, error) {
	settings := i.server
	settings.Hosts = []string{i.kibana}
	k, err := ingest.OpenKibana(settings)
	if err != nil {
		return nil, err
	}
	files, err := i.content().Files()
	if err != nil {
		return nil, err
	}
	name := "brandmelder-" + i.tenant.Space
	return k.Send(ctx, i.tenant.Space, files[name+"-objects.ndjson"], files[name+"-rules.ndjson"])
}
