package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/brandmelder/brandmelder/bpf"
	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/rights"
)

// shed gives up what was needed to open the interfaces and load programs, once that is
// done, on every thread and for good; and shuts the process up in its directories. It
// says what is left, and why. An interface that is made again then needs a new process:
// exitAgain.
func (r *run) shed(sources []capture.Source, state string) (left string) {
	if r.part == "" && !r.only {
		return "kept: this process is not for capture alone"
	}
	before, err := rights.Effective()
	if err != nil {
		return "unknown: " + err.Error()
	}
	keep := rights.None
	if slices.ContainsFunc(sources, steers) && bpf.MapsNeedRight() {
		keep = rights.BPF
	}
	where := "confined to its directories"
	if err := r.confine(state); err != nil {
		where = "not confined to its directories: " + err.Error()
	}
	switch err := rights.Keep(keep); {
	case errors.Is(err, rights.ErrThreads):
		return "kept: " + err.Error()
	case err != nil:
		return "kept: " + err.Error() + "; " + where
	case keep&before != 0:
		r.dropped = true
		return keep.String() + ", which this kernel wants for every look into a map; " + where
	}
	r.dropped = true
	return "none; " + where
}

// steers reports a source that goes on writing to a program's maps.
func steers(s capture.Source) bool {
	_, ok := s.(capture.Steerer)
	return ok
}

// confine leaves the process its state and its local outputs to write, and to read what
// a reload reads.
func (r *run) confine(state string) error {
	read := []string{"/etc", "/usr/share/zoneinfo", "/proc/self", "/sys/devices/system/cpu", os.Getenv("CREDENTIALS_DIRECTORY"), r.RulesDir}
	write := []string{state, "/dev/null", "/tmp", "/var/tmp"} // the view's database sorts there
	for _, file := range []string{r.file, r.Geo.City, r.Geo.ASN} {
		if file != "" {
			read = append(read, filepath.Dir(file))
		}
	}
	for i := range r.Outputs {
		o := &r.Outputs[i]
		own, err := o.Settings()
		if err != nil {
			return err
		}
		if where := own.Where(); !remote(o) && where != "" && where != "-" {
			write = append(write, filepath.Dir(where))
		}
	}
	none := func(path string) bool { return path == "" }
	return rights.Confine(slices.DeleteFunc(read, none), write)
}

// again is how a line ended that would go on, had it not given up its rights.
func (r *run) again(err error, state string, sources []capture.Source) error {
	if r.dropped && errors.Is(err, capture.ErrPermission) {
		if err := handOver(state, r.watched, sources); err != nil {
			r.say("the next run may not find a renamed interface: %v", err)
		}
		return &exitError{exitAgain, errors.New("an interface came back, for which this process has no rights any more: it begins anew")}
	}
	return err
}
