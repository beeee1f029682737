package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What root decides about an installed sensor belongs to the sensor's user, and the
// view that root's look makes too.
func TestRootActsAsTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: make test-root")
	}
	if withC() {
		t.Skip("built with cgo; make builds the tests as the product is built")
	}
	const nobody = 65534
	file, state := stateFile(t)
	t.Cleanup(func() { // before the folder is removed
		if err := actAs(0, 0); err != nil {
			t.Error(err)
		}
	})
	for dir := state; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		os.Chmod(dir, 0o755)
	}
	os.Chmod(file, 0o644)
	if err := os.Chown(state, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	must(t, file, "suppress", "add", "--owner", "ann", "--reason", "why", "--expiry", "1h", "--family", "dga")
	must(t, file, "alerts", "list")
	files := 0
	err := filepath.WalkDir(state, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files++
		if s := info.Sys().(*syscall.Stat_t); s.Uid != nobody || s.Gid != nobody {
			t.Errorf("%s belongs to %d:%d", path, s.Uid, s.Gid)
		}
		return nil
	})
	if err != nil || files < 5 {
		t.Error(err, files)
	}
}
