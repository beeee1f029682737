package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// verb runs `elastic` against the real server, for one tenant.
func (r *real) verb(namespace, file string, args ...string) (string, error) {
	r.t.Helper()
	all := append([]string{"elastic"}, args...)
	all = append(all, "--url", os.Getenv(elasticURL), "--namespace", namespace, "-c", file)
	if user := os.Getenv(elasticUser); user != "" {
		all = append(all, "--user", user)
	}
	return execute(r.t, rootCommand(), all...)
}

// says looks for words in what a verb printed and returned.
func (r *real) says(out string, err error, words ...string) {
	r.t.Helper()
	text := fmt.Sprintln(out, err)
	for _, w := range words {
		if !strings.Contains(text, w) {
			r.t.Errorf("no %q in %s", w, text)
		}
	}
}

// What an administrator types: a dry run says what would change and does nothing, a second
// installation changes nothing, what somebody changed by hand is shown, and the key of a
// sensor is written once.
func TestElasticVerbs(t *testing.T) {
	r := realServer(t)
	own := r.b.Namespace + "v"
	file, _ := stateFile(t)
	template := "_index_template/logs-brandmelder.alert-" + own
	out, err := r.verb(own, file, "install", "--dry-run")
	r.says(out, err, "\n+ "+template+"\n", "would change; nothing was done", "<nil>")
	install := []string{"install"}
	key := filepath.Join(t.TempDir(), "north.key")
	if r.has.Security {
		install = append(install, "--sensor", "north", "--key-file", key)
	}
	out, err = r.verb(own, file, install...)
	r.says(out, err, "\n+ "+template+"\n", " changed\n", "<nil>")
	first, _ := os.ReadFile(key)
	out, err = r.verb(own, file, install...)
	r.says(out, err, "\n0 changed\n", "<nil>")
	if again, _ := os.ReadFile(key); string(again) != string(first) {
		t.Error("a second installation made another key")
	}
	r.ask(http.MethodPut, "/"+template, map[string]any{"index_patterns": []any{"logs-brandmelder.alert-" + own}, "data_stream": map[string]any{}, "priority": 299})
	changed := []string{"\n~ " + template + "\n", "    - priority: 299\n", "    + priority: 300\n"}
	out, err = r.verb(own, file, "install", "--dry-run")
	r.says(out, err, append(changed, "\n1 would change", "<nil>")...)
	out, err = r.verb(own, file, "check")
	r.says(out, err, append(changed, "PROBLEM       1 things differ")...)
	if strings.Contains(out, "nothing removes") != (r.has.Lifecycle == "") {
		t.Error(out)
	}
	if r.has.Security {
		r.keyVerbs(own, file, key, install)
	}
}

// keyVerbs are those about the key of a sensor.
func (r *real) keyVerbs(own, file, key string, install []string) {
	r.t.Helper()
	secret, err := os.ReadFile(key)
	check(r.t, err)
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		r.t.Error(info, err)
	}
	out, err := r.verb(own, file, "check", "--sensor-key", key)
	r.says(out, err, "key           may create_doc logs-brandmelder.*-"+own, "may not manage_security the cluster")
	check(r.t, os.Rename(key, key+".old"))
	out, err = r.verb(own, file, install...)
	r.says(out, err, "north has a key already", "--replace-key")
	out, err = r.verb(own, file, append(install, "--replace-key")...)
	r.says(out, err, "key in "+key, "api_key_file: /etc/brandmelder/north.key", "<nil>")
	next, err := os.ReadFile(key)
	if err != nil || string(next) == string(secret) || strings.Contains(out, strings.TrimSpace(string(next))) {
		r.t.Errorf("%v, or it is the old one, or printed:\n%s", err, out)
	}
	out, err = r.verb(own, file, "check", "--sensor-key", key+".old")
	r.says(out, err, "the key or password is not taken")
}
