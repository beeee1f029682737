package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What run and ship would not start with, check calls wrong; what only the service has, it does not miss.
func TestCheckReadsWhatRunAndShipRead(t *testing.T) {
	for text, want := range map[string]string{
		"detectors: {beacon: {scoer: 3}}":                                                  `c.yaml:1:22: unknown key "scoer": did you mean "score"?`,
		"detectors: {beacon: {score: high}}":                                               `this is no number`,
		"detectors: {scan: {x: 1}}":                                                        `unknown key "x"`,
		"outputs: [{name: syslog, address: siem}]":                                         "output syslog: syslog: address",
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
