package main

import (
	"slices"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
)

// decisions lists those in the journal of dir and in its inbox, each once.
func decisions(dir string) (list []alert.Decision, err error) {
	var docs []event.Doc
	_, err = journal.Read(dir, event.Decisions, 0, func(e journal.Entry) bool {
		if e.Dataset == "decision" {
			docs = append(docs, e.Doc)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	waiting, err := journal.Waiting(dir)
	if err != nil {
		return nil, err
	}
	had := map[string]bool{}
	for _, doc := range slices.Concat(docs, waiting) {
		if had[doc.ID] {
			continue
		}
		had[doc.ID] = true
		d, err := alert.ParseDecision(doc)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}
