package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	questions "github.com/brandmelder/brandmelder/sensor/check"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/lasting"
)

// written is the configuration as setup writes it: only what differs from the defaults.
type written struct {
	Lang      string             `yaml:"lang"`
	Observer  observed           `yaml:"observer,omitempty,flow"`
	Mirror    []string           `yaml:"mirror,flow"`
	Retention map[string]float64 `yaml:"retention,omitempty,flow"`
	Outputs   []destination      `yaml:"outputs,omitempty"`
}

type observed struct {
	Name string `yaml:"name"`
}

type destination struct {
	Name   string   `yaml:"name"`
	Hosts  []string `yaml:"hosts,flow"`
	Key    string   `yaml:"api_key_file,omitempty"`
	CAFile string   `yaml:"ca_file,omitempty"`
}

const writtenBy = "# Written by brandmelder setup. Every key there is, with its default: man brandmelder.yaml\n"

func (s *setup) text(e *questions.Env) ([]byte, error) {
	c := written{Lang: s.lang, Observer: observed{s.name}, Mirror: s.mirror}
	if gb := questions.JournalGB(e.State, s.Retention.JournalGB); gb != s.Retention.JournalGB {
		c.Retention = map[string]float64{"journal_gb": gb}
	}
	if s.elastic != "" {
		c.Outputs = []destination{{"elasticsearch", []string{s.elastic}, s.key, s.caFile}}
	}
	text, err := yaml.Marshal(&c)
	return append([]byte(writtenBy), text...), err
}

// free refuses a file that somebody filled in, before anybody waits for the look. One
// that says nothing but the defaults, as the package lays it down, is free.
func (s *setup) free() error {
	if _, err := os.Stat(s.file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	there, err := config.Load(s.file)
	if err == nil && there.Hash() == config.Default().Hash() {
		return nil
	}
	if !s.replace {
		return fmt.Errorf("%s is filled in already, and stays as it is; --replace writes it anew and keeps this one as %[1]s.old", s.file)
	}
	s.kept = s.file + ".old"
	return nil
}

// write puts the file where it belongs whole or not at all, once it was read as a run
// would. Who may read it stays who might before.
func (s *setup) write(e *questions.Env) error {
	text, err := s.text(e)
	if err != nil {
		return err
	}
	err = lasting.Disk{}.Place(s.file, text, letServicesRead, func(beside string) error {
		try := settings{file: beside}
		if err := try.load(); err != nil {
			return fmt.Errorf("what would be written is no configuration, and is not written: %w", err)
		}
		if s.kept == "" {
			return nil
		}
		return os.Rename(s.file, s.kept)
	})
	if err != nil {
		return err
	}
	return s.handOver()
}

// group is whose members read what a sensor is told: both of its services.
const group = "brandmelder"

// letServicesRead lets root write a file and the services read it.
func letServicesRead(file string) error {
	g, err := user.LookupGroup(group)
	if err != nil { // not installed by a package
		return os.Chmod(file, 0o600)
	}
	gid, err := strconv.Atoi(g.Gid)
	return errors.Join(err, os.Chown(file, 0, gid))
}

// handOver gives the key to the service that sends, and to nobody else.
func (s *setup) handOver() error {
	owner, err := user.Lookup(group + "-ship")
	if err != nil || s.key == "" || !strings.HasPrefix(s.key, filepath.Dir(config.SystemFile)+"/") {
		return nil
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err = errors.Join(err, os.Chown(s.key, uid, 0), os.Chmod(s.key, 0o400)); err != nil {
		return err
	}
	s.say("%s is now read by the service that sends, %s, alone", "%s is nu alleen te lezen door de dienst die verstuurt, %s", s.key, owner.Username)
	return nil
}
