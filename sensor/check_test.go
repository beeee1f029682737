package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What run would not start with, check calls wrong; what only the service has, it does not miss.
func TestCheckReadsWhatRunReads(t *testing.T) {
	for text, want := range map[string]string{
		"detectors: {beacon: {scoer: 3}}":                                                  `c.yaml:1:22: unknown key "scoer": did you mean "score"?`,
		"detectors: {beacon: {score: high}}":                                               `this is no number`,
		"detectors: {scan: {x: 1}}":                                                        `unknown key "x"`,
		"outputs: [{name: webhook, url: '${NOT_SET_HERE}'}]":                               "",
		"outputs: [{name: ndjson, path: /nowhere/x}]\ngeo: {city: /nowhere}\nrules_dir: /": "",
	} {
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, []byte(text+"\nstate_dir: "+filepath.Dir(file)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := execute(t, checkCommand(), "--for", "0", "--json", "-c", file)
		refused := err != nil && err.Error() == "the configuration is wrong"
		if refused != (want != "") || !strings.Contains(strings.ReplaceAll(out, `\"`, `"`), want) {
			t.Errorf("%s: %v\n%s", text, err, out)
		}
	}
}

// An output that ship would not start with is a problem, and the rest of the configuration is judged as it stands.
func TestCheckGoesOnBesideABrokenOutput(t *testing.T) {
	for text, want := range map[string]string{
		"{name: syslog, address: siem}":                                                                                            "syslog: syslog: address",
		"{name: webhook, url: 'https://siem.example/', ca_file: /nowhere/ca.pem}":                                                  "webhook: webhook: ca_file: open /nowhere/ca.pem: no such file",
		"{name: webhook, url: 'https://siem.example/', headers_file: /nowhere/headers}":                                            "webhook: webhook: headers_file: open /nowhere/headers: no such file",
		"{name: mail, server: 'mail.example:25', from: a@b.example, to: [c@d.example], user: a, password_file: /nowhere/password}": "mail: mail: password: open /nowhere/password: no such file",
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "c.yaml")
		if err := os.WriteFile(file, []byte("state_dir: "+dir+"\noutputs: ["+text+"]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := execute(t, checkCommand(), "--for", "0", "-c", file)
		out = strings.Join(strings.Fields(out), " ")
		var code *exitError
		if !errors.As(err, &code) || code.code != exitBad || !strings.Contains(out, want) || !strings.Contains(out, file+": is right") || !strings.Contains(out, dir+":") ||
			strings.Contains(out, "run does not start") {
			t.Errorf("%s: %v\n%s", text, err, out)
		}
	}
}
