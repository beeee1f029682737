package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
	"github.com/brandmelder/brandmelder/sensor/rule"
)

// orders are what holds of a configuration while the line runs, with the
// suppressions that stand now.
func orders(c *config.Config, journalDir string) (pipeline.Orders, error) {
	standing, err := suppressions(journalDir, time.Now())
	return pipeline.Orders{Zones: c.Know().Zones, Clinical: c.Clinical, Suppressions: standing}, err
}

// reload reads the configuration and the rules that it names.
func reload(file string) (*config.Config, *rule.Set, error) {
	c, err := config.Load(file)
	if err != nil {
		return nil, nil, err
	}
	rules, err := loadRules(c.RulesDir)
	return c, rules, err
}

// obey gives the line new orders until ctx ends: the suppressions when somebody
// decided something, and zones, clinical shares and rules on SIGHUP. On an error the
// old ones stay in force, all of them, and the screen says why.
func (r *run) obey(ctx context.Context, line *pipeline.Line, journalDir string, decided <-chan struct{}) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	c := r.Config
	for {
		var err error
		var rules *rule.Set
		next := c
		select {
		case <-ctx.Done():
			return
		case <-decided:
		case <-hangup:
			next, rules, err = reload(r.file)
		}
		var o pipeline.Orders
		if err == nil {
			o, err = orders(next, journalDir)
		}
		if err == nil {
			o.Rules = rules
			err = line.Order(o)
		}
		if err != nil {
			noticeReload.tell(r.say, "not reloaded, what was in force stays: %v", err)
			continue
		}
		c = next
		r.say("in force: %d suppressions, %d zones, %d clinical shares; other settings as run began", len(o.Suppressions), len(o.Zones), len(o.Clinical))
	}
}
