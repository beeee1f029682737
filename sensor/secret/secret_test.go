package secret

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestASecretIsNeverPrinted(t *testing.T) {
	s := New("hunter2")
	var b strings.Builder
	holder := struct {
		Key   Text
		inner []Text
		deep  *struct{ text Text }
	}{s, []Text{s}, &struct{ text Text }{s}}
	fmt.Fprintf(&b, "%v %+v %#v %s %q %d %x %v %+v %#v", s, s, s, s, s, s, s, holder, &holder, holder)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "key", s, "holder", holder)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "key", s, "holder", holder)
	if err := json.NewEncoder(&b).Encode(holder); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "hunter") || strings.Contains(b.String(), fmt.Sprintf("%x", "hunter2")) {
		t.Error(b.String())
	}
	if s.Reveal() != "hunter2" || s.Empty() || !(Text{}).Empty() {
		t.Error("it cannot be used")
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "key")
	if err := os.WriteFile(file, []byte(" a b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	t.Setenv("BM_KEY", "from the environment\n")
	t.Setenv("BM_EMPTY", "")
	for _, test := range []struct{ file, value, want, err string }{
		{"", "", "", ""},
		{file, "", "a b", ""},
		{"key", "", "a b", ""},
		{"", "${BM_KEY}", "from the environment", ""},
		{file, "${BM_KEY}", "", "not both"},
		{"", "hunter2", "", "write ${VARIABLE}"},
		{"", "${BM_NONE}", "", "BM_NONE is not set"},
		{"", "${BM_EMPTY}", "", "empty"},
		{filepath.Join(dir, "none"), "", "", "no such file"},
		{"/dev/zero", "", "", "too large"},
	} {
		got, err := Read(test.file, test.value)
		if got.Reveal() != test.want && err == nil || (err == nil) != (test.err == "") {
			t.Errorf("%+v: %q %v", test, got.Reveal(), err)
		}
		if err != nil && (!strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%+v: %v", test, err)
		}
	}
	os.Unsetenv("CREDENTIALS_DIRECTORY")
	if _, err := Read("key", ""); err == nil || !strings.Contains(err.Error(), "LoadCredential") {
		t.Error(err)
	}
}
