package pipeline

import (
	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/brandmelder/brandmelder/sensor/rule"
)

// Orders are what people may change while a line runs.
type Orders struct {
	Zones        []know.Zone
	Clinical     []string // shares of patients' files
	Suppressions []alert.Suppression
	Rules        *rule.Set // nil: those in force stay
}

// order is Orders that were found to be right.
type order struct {
	zones        *know.Zones
	clinical     clinical
	suppressions []alert.Suppression
}

// Order puts orders in force before the next batch of events, all of them or, with
// an error, none. Any goroutine may call it.
func (l *Line) Order(o Orders) error {
	z, err := know.NewZones(o.Zones)
	if err != nil {
		return err
	}
	l.after.orders.Store(&order{z, newClinical(o.Clinical), o.Suppressions})
	if o.Rules != nil && l.c.Rules != nil {
		l.c.Rules.Store(o.Rules)
	}
	return nil
}

// obey takes the latest orders.
func (a *after) obey() {
	if o := a.orders.Swap(nil); o != nil {
		a.know.SetZones(o.zones)
		a.clinical = o.clinical
		a.desk.Suppress(o.suppressions)
	}
}
