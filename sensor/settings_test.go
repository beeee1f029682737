package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is installed counts where no file is given; what cannot be read is an error
// and never taken for the defaults.
func TestInstalledConfiguration(t *testing.T) {
	installed := filepath.Join(t.TempDir(), "brandmelder.yaml")
	s := settings{etc: installed}
	if err := s.load(); err != nil || s.Lang != "en" {
		t.Fatal(err)
	}
	if err := os.WriteFile(installed, []byte("lang: nl\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = settings{etc: installed}
	if err := s.load(); err != nil || s.Lang != "nl" {
		t.Error(err, s.Lang)
	}
	s = settings{etc: installed + "/none"}
	if err := s.load(); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Error(err)
	}
	replay := replayCommand()
	if usage := replay.Flags().Lookup("config").Usage; strings.Contains(usage, "/etc") {
		t.Error("a replay must not depend on the machine:", usage)
	}
}
