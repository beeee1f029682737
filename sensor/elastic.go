package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/ingest"
)

// What an administrator's secret may stand in: a secret is no argument.
const (
	adminPassword = "BRANDMELDER_ELASTIC_PASSWORD"
	adminKey      = "BRANDMELDER_ELASTIC_API_KEY"
)

// elastic is what the verbs about a server share.
type elastic struct {
	settings
	server    ingest.Settings
	tenant    ingest.Tenant
	asJSON    bool
	namespace string
}

func elasticCommand() *cobra.Command {
	c := &cobra.Command{Use: "elastic", Short: "what stands in Elasticsearch and Kibana for the sensors"}
	c.AddCommand(elasticInstallCommand(), elasticCheckCommand())
	return c
}

func (e *elastic) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringSliceVar(&e.server.Hosts, "url", nil, "the server, such as https://elastic:9200")
	f.StringVar(&e.server.User, "user", "", "administrator; the password stands in --password-file or $"+adminPassword)
	f.StringVar(&e.server.PasswordFile, "password-file", "", "file with the administrator's password")
	f.StringVar(&e.server.APIKeyFile, "api-key-file", "", "file with an administrator's key instead; or $"+adminKey)
	f.StringVar(&e.server.CAFile, "ca-file", "", "authority of the server's certificate, PEM")
	f.StringVar(&e.server.Fingerprint, "fingerprint", "", "instead: SHA-256 of the server's certificate or of its authority")
	f.StringVar(&e.namespace, "namespace", "", "tenant, the last part of the data streams' names; without it that of the configuration")
	f.StringVar(&e.tenant.Space, "space", "", "Kibana space of the tenant; without it as the namespace, and default for default")
	f.BoolVar(&e.asJSON, "json", false, "for machines")
	e.flag(c)
}

// open connects to the server as its administrator and asks what it can do.
func (e *elastic) open(ctx context.Context) (*ingest.Admin, *ingest.Abilities, error) {
	if err := e.load(); err != nil {
		return nil, nil, err
	}
	e.tenant.Namespace = cmp.Or(e.namespace, e.Namespace)
	if err := e.tenant.Check(); err != nil {
		return nil, nil, err
	}
	e.tenant.Space = cmp.Or(e.tenant.Space, ingest.SpaceOf(e.tenant.Namespace))
	e.server.Timeout = time.Minute
	if e.server.User != "" && e.server.PasswordFile == "" {
		e.server.Password = "${" + adminPassword + "}"
	}
	if e.server.User == "" && e.server.APIKeyFile == "" && os.Getenv(adminKey) != "" {
		e.server.APIKey = "${" + adminKey + "}"
	}
	client, err := ingest.Open(e.server)
	if err != nil {
		return nil, nil, err
	}
	admin := &ingest.Admin{Transport: client}
	abilities, err := ingest.Ask(ctx, admin)
	return admin, abilities, err
}

// changes are what has to be done on the server.
func (e *elastic) changes(ctx context.Context, admin *ingest.Admin, can *ingest.Abilities) ([]ingest.Change, error) {
	plan, err := can.Plan(datasets(e.Retention), &e.tenant)
	if err != nil {
		return nil, err
	}
	return admin.Compare(ctx, plan)
}

// install is the verb's flags.
type install struct {
	elastic
	dryRun, replace         bool
	sensor, keyFile, export string
	kibana                  string
}

func elasticInstallCommand() *cobra.Command {
	var i install
	c := &cobra.Command{
		Use: "install", Short: "put up templates, pipeline, roles and Kibana content; a second time changes nothing",
		Long: "Install puts on an Elasticsearch or OpenSearch what the documents of sensors need: mappings, ages,\n" +
			"the pipeline that says whose a document is, roles, and with --kibana the views and rules of a tenant.\n" +
			"What you want otherwise stands in component templates and pipelines with @custom in their names: they\n" +
			"are never touched. With --sensor it makes the key of a sensor, and writes it once to a file.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return i.run(c.Context(), c.OutOrStdout()) },
	}
	f := c.Flags()
	f.BoolVar(&i.dryRun, "dry-run", false, "only say what would change")
	f.StringVar(&i.sensor, "sensor", "", "make the key of the sensor with this name (observer.name)")
	f.StringVar(&i.keyFile, "key-file", "", "where to write it; without it brandmelder-SENSOR.key")
	f.BoolVar(&i.replace, "replace-key", false, "end the keys that the sensor has")
	f.StringVar(&i.export, "export", "", "write the Kibana content to this folder, and ask no server")
	f.StringVar(&i.kibana, "kibana", "", "put the Kibana content into this Kibana, such as https://kibana:5601")
	i.flags(c)
	return c
}

// installation is what install did, or would do.
type installation struct {
	Server    string          `json:"server"`
	Lifecycle string          `json:"lifecycle"`
	DryRun    bool            `json:"dry_run,omitempty"`
	Changes   []ingest.Change `json:"changes"`
	Rolled    []string        `json:"rolled_over,omitempty"`
	KeyFile   string          `json:"key_file,omitempty"`
	Outputs   string          `json:"outputs,omitempty"` // for the sensor's configuration
	Kibana    []string        `json:"kibana,omitempty"`
}

func (i *install) run(ctx context.Context, w io.Writer) error {
	if i.export != "" {
		return i.exportContent(w)
	}
	admin, can, err := i.open(ctx)
	if err != nil {
		return err
	}
	r := &installation{Server: can.String(), Lifecycle: can.Lifecycle, DryRun: i.dryRun}
	if r.Changes, err = i.changes(ctx, admin, can); err != nil {
		return err
	}
	if !i.dryRun {
		if err := i.apply(ctx, admin, can, r); err != nil {
			return err
		}
	}
	if i.asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	r.print(w)
	return nil
}

func (i *install) apply(ctx context.Context, admin *ingest.Admin, can *ingest.Abilities, r *installation) (err error) {
	if err := admin.Apply(ctx, r.Changes); err != nil {
		return err
	}
	if r.Rolled, err = admin.Rollover(ctx, r.Changes); err != nil {
		return err
	}
	if i.sensor != "" {
		if !can.Security {
			return fmt.Errorf("a key for %s: %s has no keys here; name a user in the sensor's configuration", i.sensor, can)
		}
		if r.KeyFile, err = i.key(ctx, admin); err != nil {
			return err
		}
	}
	r.Outputs = i.stanza(r.KeyFile)
	if i.kibana != "" {
		r.Kibana, err = i.sendContent(ctx)
	}
	return err
}

func (r *installation) print(w io.Writer) {
	fmt.Fprintf(w, "%s; what is old is removed by: %s\n", r.Server, cmp.Or(r.Lifecycle, "NOTHING: this server has no lifecycle, remove old indices yourself"))
	printChanges(w, r.Changes)
	if r.DryRun {
		fmt.Fprintf(w, "%d would change; nothing was done\n", len(r.Changes))
		return
	}
	fmt.Fprintf(w, "%d changed\n", len(r.Changes))
	for _, name := range r.Rolled {
		fmt.Fprintln(w, "new index for", name)
	}
	for _, line := range r.Kibana {
		fmt.Fprintln(w, "kibana:", line)
	}
	if r.KeyFile != "" {
		fmt.Fprintf(w, "key in %s; copy it to the sensor and put into its configuration:\n\n%s", r.KeyFile, r.Outputs)
	}
}

func printChanges(w io.Writer, changes []ingest.Change) {
	for _, c := range changes {
		if c.New {
			fmt.Fprintln(w, "+", c.Path)
			continue
		}
		fmt.Fprintln(w, "~", c.Path)
		for _, line := range c.Diff {
			fmt.Fprintln(w, "   ", line)
		}
	}
}

// key makes the sensor's key and writes it to a file that only its owner reads. A
// file that is there already holds it: the server cannot say it twice.
func (i *install) key(ctx context.Context, admin *ingest.Admin) (file string, err error) {
	file = cmp.Or(i.keyFile, "brandmelder-"+i.sensor+".key")
	old, err := admin.Keys(ctx, &i.tenant, i.sensor)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(file); err == nil && len(old) > 0 && !i.replace {
		return file, nil
	}
	if len(old) > 0 && !i.replace {
		return "", bad("%s has a key already, and its secret is only where it was written; --replace-key ends it and makes another", i.sensor)
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".brandmelder-key-") // what is there stays until there is another
	if err != nil {
		return "", fmt.Errorf("key: %w", err)
	}
	defer os.Remove(f.Name())
	key, err := admin.NewKey(ctx, &i.tenant, i.sensor)
	if err == nil {
		_, err = fmt.Fprintln(f, key)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return "", fmt.Errorf("key: %w", err)
	}
	return file, admin.EndKeys(ctx, old)
}

// stanza is what the sensor's configuration needs.
func (i *install) stanza(keyFile string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "namespace: %s\n", i.tenant.Namespace)
	if i.sensor != "" {
		fmt.Fprintf(&b, "observer:\n  name: %s\n", i.sensor)
	}
	fmt.Fprintf(&b, "outputs:\n  - name: elasticsearch\n    hosts: [%s]\n", strings.Join(i.server.Hosts, ", "))
	if keyFile != "" {
		fmt.Fprintf(&b, "    api_key_file: /etc/brandmelder/%s\n", keyFile[strings.LastIndex(keyFile, "/")+1:])
	}
	for _, line := range [][2]string{{"ca_file", i.server.CAFile}, {"fingerprint", i.server.Fingerprint}} {
		if line[1] != "" {
			fmt.Fprintf(&b, "    %s: %s\n", line[0], line[1])
		}
	}
	return b.String()
}
