package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Where an installed sensor has its state and its configuration.
const (
	SystemState = "/var/lib/brandmelder"
	SystemFile  = "/etc/brandmelder/brandmelder.yaml"
)

// StateDir is the one rule for where the state is: state_dir of the
// configuration, else the system's if it or what ship has beside it can be written or
// made, else the user's own ($XDG_STATE_HOME/brandmelder or ~/.local/state/brandmelder).
// It makes nothing.
func (c *Config) StateDir(system string) (string, error) {
	if c.State != "" {
		return filepath.Abs(c.State)
	}
	if usable(system) || usable(system+"-ship") {
		return system, nil
	}
	if home := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, "brandmelder"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no state directory: %w; name one with state_dir in the configuration",
			errors.Join(errors.New(system+" cannot be written"), err))
	}
	return filepath.Join(home, ".local", "state", "brandmelder"), nil
}

// usable reports whether a directory can be written, or made where it is not.
func usable(dir string) bool {
	const writable, searchable = 2, 1
	err := syscall.Access(dir, writable|searchable)
	if errors.Is(err, syscall.ENOENT) {
		err = syscall.Access(filepath.Dir(dir), writable|searchable)
	}
	return err == nil
}
