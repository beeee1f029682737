package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// shownAlert is what the screen needs of an alert's document.
type shownAlert struct {
	Time  time.Time `json:"@timestamp"`
	Event struct {
		Severity int `json:"severity"`
	} `json:"event"`
	Rule struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Category string `json:"category"`
	} `json:"rule"`
	Message  string   `json:"message"`
	Tags     []string `json:"tags"`
	Observer struct {
		Ingress struct {
			Interface struct {
				Name string `json:"name"`
			} `json:"interface"`
		} `json:"ingress"`
	} `json:"observer"`
}

// alertLine is an alert in one line of full sentences.
func alertLine(d event.Doc) string {
	var a shownAlert
	if err := json.Unmarshal(d.JSON, &a); err != nil {
		return "an alert that cannot be shown: " + err.Error()
	}
	where := ""
	if name := a.Observer.Ingress.Interface.Name; name != "" {
		where = " on " + name
	}
	if slices.Contains(a.Tags, event.ExerciseTag) {
		where += " (exercise)"
	}
	return fmt.Sprintf("%s  %s ALERT%s  %s", a.Time.Local().Format("15:04:05"), output.Level(a.Event.Severity), where, a.Message)
}

// isBlind reports whether a document says that an interface could not be seen.
func isBlind(d event.Doc) bool {
	return d.Dataset == "health" && bytes.Contains(d.JSON, []byte(`"action":"capture-blind"`))
}

// blindLine is such a document in one line.
func blindLine(d event.Doc) string {
	var a shownAlert
	if err := json.Unmarshal(d.JSON, &a); err != nil {
		return "a blindness that cannot be shown: " + err.Error()
	}
	return fmt.Sprintf("%s  BLIND  %s", a.Time.Local().Format("15:04:05"), a.Message)
}
