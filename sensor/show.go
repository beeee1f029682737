package main

import (
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
