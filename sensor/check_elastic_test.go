package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/ingest/fake"
	"github.com/brandmelder/brandmelder/sensor/config"
)

// templates are those that a server has for the default tenant.
func templates() (names []string) {
	for _, d := range datasets(config.Default().Retention) {
		names = append(names, "logs-brandmelder."+d.Name, "logs-brandmelder."+d.Name+"-default")
	}
	return names
}

// What may be wrong with a server that documents go to, asked with the sensor's own key.
func TestCheckOfElasticsearch(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fake.Server)
		more   string // of the output
		words  []string
	}{
		"right":   {},
		"bad key": {func(s *fake.Server) { s.Keys = map[string][]string{"another:key": {"default"}} }, "", []string{"the key or password is not taken", "documents wait", "--replace-key"}},
		"template missing": {func(s *fake.Server) { s.Templates = s.Templates[1:] }, "",
			[]string{"1 templates are not there, such as logs-brandmelder.", "elastic install --url http"}},
		"key of another tenant": {func(s *fake.Server) { s.Keys["id:secret"] = []string{"other"} }, "",
			[]string{"may NOT create_doc logs-brandmelder.*-default, and must"}},
		"key that may too much": {func(s *fake.Server) { s.Everything = true }, "",
			[]string{"may delete logs-brandmelder.*-default, and must NOT", "read, change or remove"}},
		"nobody answers": {nil, ", proxy: 'http://127.0.0.1:1'", []string{"connection refused", "curl -sv"}},
		"no key":         {nil, ", api_key_file: /none/key", []string{"/none/key: no such file"}},
		"the service's":  {nil, ", api_key_file: elastic-key", []string{"LoadCredential=elastic-key", "journalctl -u brandmelder-ship"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := fake.New()
			server.Keys, server.Templates = map[string][]string{"id:secret": {"default"}}, templates()
			if c.change != nil {
				c.change(server)
			}
			at := httptest.NewServer(server)
			defer at.Close()
			dir := t.TempDir()
			key := filepath.Join(dir, "key")
			check(t, os.WriteFile(key, []byte("id:secret\n"), 0o600))
			if !strings.Contains(c.more, "api_key_file") {
				c.more += ", api_key_file: " + key
			}
			file := filepath.Join(dir, "c.yaml")
			check(t, os.WriteFile(file, fmt.Appendf(nil, "state_dir: %s\noutputs:\n  - {name: elasticsearch, as: soc, hosts: ['%s']%s}\n", dir, at.URL, c.more), 0o600))
			f := checked(t, nil, "-c", file, "--for", "0")
			if len(c.words) == 0 {
				if facts := fmt.Sprint(f.Facts); f.has("elastic", "") || !strings.Contains(facts, "Elasticsearch 8.19.13, licence basic active") {
					t.Errorf("%+v\n%s", f.Problems, facts)
				}
			} else if !f.has("elastic", "soc", c.words...) {
				t.Errorf("%+v\n%+v", f.Problems, f.Facts)
			}
			if wrong := server.Refused(); len(wrong) > 0 {
				t.Error(wrong)
			}
		})
	}
}
