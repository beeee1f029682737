package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/drill"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// settings is the -c of a verb and what follows from it.
type settings struct {
	file string
	*config.Config
	choices []output.Choice // of the outputs that get datasets
	system  string          // where an installed sensor has its state
	etc     string          // and its configuration
}

// flag gives a verb its -c, with what is installed where none is given.
func (s *settings) flag(c *cobra.Command) {
	s.system, s.etc = config.SystemState, config.SystemFile
	s.fileFlag(c, config.SystemFile+" where there is one, else the defaults")
}

func (s *settings) fileFlag(c *cobra.Command, without string) {
	c.Flags().StringVarP(&s.file, "config", "c", "", "configuration `file`; without it "+without)
}

func (s *settings) load() (err error) {
	if s.file == "" && s.etc != "" {
		if _, err := os.Stat(s.etc); !errors.Is(err, fs.ErrNotExist) {
			s.file = s.etc
		}
	}
	if s.Config, err = config.Load(s.file); err != nil {
		return err
	}
	for i := range s.Outputs {
		if c := s.Outputs[i].Choice(); c.What == output.Everything {
			s.choices = append(s.choices, c)
		}
	}
	return s.CheckOutputs(choosable())
}

// choosable are the names by which an output chooses: a flow's documents go by phase.
func choosable() (names []string) {
	for _, d := range pipeline.Datasets() {
		names = append(names, d.Name)
	}
	return append(names, "flow.alive", "flow.start")
}

// state is the state directory. From here on its owner is who uses files.
func (s *settings) state() (string, error) {
	dir, err := s.StateDir(s.system)
	if err != nil {
		return "", err
	}
	return dir, asOwner(dir)
}

// line is what the configuration says of the line.
func (s *settings) line(shards int, o *event.Observer, seed []byte) (pipeline.Config, error) {
	rules, err := s.rules()
	return pipeline.Config{
		Rules:     rules,
		Shards:    shards,
		Flow:      flow.Config{Flows: s.Limits.Flows, Streams: s.Limits.Streams},
		Know:      s.Know(),
		Clinical:  s.Clinical,
		Detectors: s.Detector,
		Alert:     alert.Config{Observer: o, Lang: s.Lang, Seed: seed},
	}, err
}

// observer is this sensor.
func (s *settings) observer() *event.Observer {
	name := s.Observer.Name
	if name == "" {
		name, _ = os.Hostname()
	}
	return &event.Observer{Name: cmp.Or(name, "sensor"), Version: version, Namespace: s.Namespace, Exercise: drill.Veth}
}
