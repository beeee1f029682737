package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The secrets of a configuration: each is a canary of its own.
var (
	apiKey   = "Vua:" + canary + "ApiKey"
	proxyKey = canary + "Proxy9"
	mailKey  = canary + "Mail"
)

// secretly writes a configuration with secrets, and with names that a bundle may not hold.
func secretly(t *testing.T) (file, state, tlsKey string) {
	t.Helper()
	file, state = stateFile(t)
	dir := filepath.Dir(file)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		check(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	check(t, err)
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}, &x509.Certificate{}, private.Public(), private)
	check(t, err)
	keyText := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	config, err := os.ReadFile(file)
	check(t, err)
	config = append(config, fmt.Sprintf(`# a comment with %[1]s
zones:
  - {name: radiology, networks: [10.77.0.0/16], owner: Annabel Jansen, contact: annabel@portal.example.org, supplier: Pacsmakers, criticality: high}
outputs:
  - name: elasticsearch
    hosts: ['https://elastic.portal.example.org:9200']
    proxy: 'http://annabel:%[1]s@127.0.0.1:1'
    api_key_file: %[2]s
    cert_file: %[3]s
    key_file: %[4]s
  - {name: mail, server: '127.0.0.1:1', from: 'Brandmelder <b@portal.example.org>', to: [annabel@portal.example.org], user: annabel, password_file: %[5]s}
`, proxyKey, write("api", apiKey+"\n"), write("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))),
		write("key.pem", keyText), write("mail", mailKey+"\n"))...)
	check(t, os.WriteFile(file, config, 0o600))
	return file, state, strings.Split(keyText, "\n")[1]
}

// Neither argv, nor a log at debug level, nor what a crash prints, nor status, nor the
// support bundle has a secret of the configuration, in any form.
func TestSecretsStayIn(t *testing.T) {
	file, _, tlsKey := secretly(t)
	t.Setenv("BRANDMELDER_LOG", "debug")
	said := map[string]string{}
	crash := func(verb string, ready string, args ...string) {
		program, s := started(t, append([]string{verb, "-c", file}, args...)...)
		s.within(t, says(ready), func() {})
		argv, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", program.Process.Pid))
		check(t, err)
		said[verb+" argv"] = string(argv)
		for _, ask := range []string{"status", "status --json", "top", "journal ls"} {
			said[ask+" beside "+verb] = must(t, file, strings.Fields(ask)...)
		}
		said["support beside "+verb] = bundled(t, file)
		check(t, program.Process.Signal(syscall.SIGQUIT)) // the runtime prints what it prints of a panic
		program.Wait()
		if said[verb] = s.String(); !strings.Contains(said[verb], "goroutine ") {
			t.Errorf("%s did not crash:\n%s", verb, s)
		}
	}
	check(t, func() error { j, err := openJournal(stateNamedIn(t, file)); return errors.Join(err, j.Close()) }())
	crash("ship", "sending to mail")
	if os.Geteuid() == 0 {
		crash("run", "watching ", "--mirror", "lo", "--capture-only")
	} else if os.Getenv("CI") != "" {
		t.Error("run cannot capture here")
	}
	for where, text := range said {
		if form := sings(text); form != "" || strings.Contains(text, tlsKey) {
			t.Errorf("%q or the TLS key in %s:\n%.2000s", form, where, text)
		}
	}
}

func stateNamedIn(t *testing.T, file string) string {
	t.Helper()
	s := settings{file: file}
	check(t, s.load())
	state, err := s.state()
	check(t, err)
	return state
}

// bundled is all that a support bundle holds.
func bundled(t *testing.T, file string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "bundle.tar.gz")
	if out := must(t, file, "support", "--out", to); !strings.Contains(out, "look at all of it before you send it") {
		t.Error(out)
	}
	f, err := os.Open(to)
	check(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	check(t, err)
	var all bytes.Buffer
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all.String()
		}
		check(t, err)
		fmt.Fprintf(&all, "== %s\n", h.Name)
		_, err = io.Copy(&all, r)
		check(t, err)
	}
}

// The bundle tells figures and words of ours, and nobody's name or address.
func TestSupportNamesNobody(t *testing.T) {
	file, state, _ := secretly(t)
	watched(t, file)
	text := bundled(t, file)
	for _, name := range []string{"annabel", "Annabel", "Jansen", "portal", "radiology", "10.77.0.0", "Pacsmakers", "127.0.0.1", "10.0.0.66", filepath.Dir(state), "a comment"} {
		if i := strings.Index(text, name); i >= 0 {
			t.Errorf("%s is in the bundle: …%.200q", name, text[max(0, i-100):])
		}
	}
	for _, want := range []string{"criticality: high", "name: elasticsearch", `"sight": {`, `"state": "down"`, "kernel ", "interface lo: ", "journal/"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the bundle:\n%.3000s", want, text)
		}
	}
}

// A secret that stands in the configuration itself, where it must not, is not said again
// by what refuses it, and a bundle can be had all the same.
func TestSecretsInTheConfiguration(t *testing.T) {
	for _, line := range []string{"api_key: " + canary, "password: " + canary, "key_password: " + canary, "timeout: " + canary, "proxy: 'http://a:" + canary + "@%zz'"} {
		file, _ := stateFile(t)
		text, err := os.ReadFile(file)
		check(t, err)
		check(t, os.WriteFile(file, append(text, "outputs:\n  - name: elasticsearch\n    hosts: ['https://127.0.0.1:1']\n    "+line+"\n"...), 0o600))
		refused, code := typed(t, "ship", "-c", file)
		if code == 0 || sings(refused) != "" {
			t.Errorf("%s: %d %s", strings.Split(line, ":")[0], code, refused)
		}
		if form := sings(bundled(t, file)); form != "" {
			t.Errorf("%s: %s is in the bundle", line, form)
		}
	}
}

// Lines of a log keep what helps, and lose what names somebody.
func TestRedactedLog(t *testing.T) {
	s := settings{}
	check(t, s.load())
	r, err := s.newRedactor(t.TempDir())
	check(t, err)
	for line, want := range map[string]string{
		"12:34:56 watching eth1 by a ring":                       "12:34:56 watching eth1 by a ring",
		"12:34:56  HIGH ALERT on eth1  anna guessed at 10.0.0.1": "12:34:56  HIGH ALERT …",
		"soc waits: value 'anna' of \"bob\" at lane.go:12":       "soc waits: value '…' of '…' at lane.go:12",
		"tried " + strings.Repeat("aB3", 12):                     "tried ***",
	} {
		if got := r.log(line); got != want {
			t.Errorf("%s\n%s", line, got)
		}
	}
	for _, name := range []string{"10.1.2.3", "fe80::1:2", "2001:db8::1", "00:11:22:33:44:55", "anna@example.org", "srv1.ward.example.org"} {
		if got := r.log("from " + name + " to"); strings.Contains(got, name) || !strings.HasSuffix(got, " to") {
			t.Errorf("%s: %s", name, got)
		}
	}
}
