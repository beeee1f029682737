package alert

import (
	"math"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// Thresholds of the risk score.
const (
	certainFrom  = 80 // of 100: the detector is as good as sure
	unsureBelow  = 50
	manyTargets  = 10
	farAboveBase = 10 // times what is usual
)

// risk puts alerts in order of work: 0 to 100. It starts at the severity, so that
// the order of severities holds but for neighbours with strong reasons, and says
// in short words what moved it.
func risk(s *story, zones ...*know.Zone) (score float64, reasons []string) {
	f := &s.finding
	score = float64(f.Severity)
	add := func(yes bool, points float64, reason string) {
		if yes {
			score += points
			reasons = append(reasons, reason)
		}
	}
	add(true, 0, severityName(f.Severity))
	add(f.Score >= certainFrom, 5, "certain")
	// a score of 0 means that the detector gave none
	add(f.Score > 0 && f.Score < unsureBelow, -10, "unsure")
	add(f.Class == event.Novelty, -5, "only-unusual")
	add(len(f.Related) >= manyTargets, 3, "many-hosts")
	add(farAbove(f), 3, "far-above-usual")
	add(slices.ContainsFunc(zones, vital), 5, "vital-zone")
	add(s.times > 1, 5, "became-graver")
	add(s.joined, 5, "part-of-incident")
	add(s.suppression != "", -20, "suppressed")
	return math.Min(math.Max(score, 0), 100), reasons
}

// vital reports whether care depends on a zone, as the configuration says.
func vital(z *know.Zone) bool {
	return z != nil && slices.Contains([]string{"high", "critical", "hoog", "kritiek"}, strings.ToLower(z.Criticality))
}

func farAbove(f *event.Finding) bool {
	return f.Baseline.Unit != "" && f.Baseline.Unit == f.Observed.Unit &&
		f.Observed.Value > 0 && f.Observed.Value >= farAboveBase*f.Baseline.Value
}

func severityName(s event.Severity) string {
	switch {
	case s >= event.Critical:
		return "critical"
	case s >= event.High:
		return "high"
	case s >= event.Medium:
		return "medium"
	}
	return "low"
}
