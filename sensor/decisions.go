package main

import (
	"errors"
	"slices"
	"time"

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

// pasts are the alerts of earlier runs that may still go on.
func pasts(dir string, now time.Time) (*alert.Pasts, error) {
	list := alert.NewPasts(now.UnixNano())
	var failed error
	_, err := journal.Read(dir, event.Decisions, 0, func(e journal.Entry) bool {
		failed = list.Add(e.Doc)
		return failed == nil
	})
	return list, errors.Join(failed, err)
}
