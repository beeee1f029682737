package rule

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/strict"
)

// file is a rule as it is written: Sigma's own keys, and ours under brandmelder.
type file struct {
	Title          string    `yaml:"title"`
	Name           string    `yaml:"name"`
	ID             string    `yaml:"id"`
	Status         string    `yaml:"status"`
	Description    string    `yaml:"description"`
	References     []string  `yaml:"references"`
	Author         string    `yaml:"author"`
	Date           string    `yaml:"date"`
	Modified       string    `yaml:"modified"`
	License        string    `yaml:"license"`
	Tags           []string  `yaml:"tags"`
	Related        yaml.Node `yaml:"related"`
	LogSource      logsource `yaml:"logsource"`
	Detection      yaml.Node `yaml:"detection"`
	Fields         []string  `yaml:"fields"`
	FalsePositives []string  `yaml:"falsepositives"`
	Level          string    `yaml:"level"`
	Own            struct {
		Family string            `yaml:"family"`
		Text   map[string]string `yaml:"text"`
		Yes    []yaml.Node       `yaml:"yes"`
		No     []yaml.Node       `yaml:"no"`
	} `yaml:"brandmelder"`
}

// levels are Sigma's, with our steps of severity: only what is at least medium
// counts as a detection.
var levels = map[string]event.Severity{
	"informational": event.Low, "low": event.Low, "medium": event.Medium, "high": event.High, "critical": event.Critical,
}

// build turns a document into a rule and proves it on its own events.
func build(doc *yaml.Node, words Words, check Check) (*Rule, error) {
	if len(doc.Content) == 0 {
		return nil, strict.At(doc, "an empty document: a rule has title, id, logsource, detection, level and brandmelder")
	}
	root := doc.Content[0]
	for _, kind := range []string{"correlation", "filter", "action"} { // a misspelt key is told by Decode
		if n := strict.Find(root, kind); n != root {
			return nil, strict.At(n, "%s: Sigma's correlations, filters and actions are not supported: a rule describes one event", kind)
		}
	}
	var f file
	if err := strict.Decode("", root, &f); err != nil {
		return nil, err
	}
	r := &Rule{
		Rule:      event.Rule{ID: f.ID, Name: f.Title, Version: f.version(), Text: f.Own.Text},
		Technique: techniques(f.Tags), Level: f.Level, Severity: levels[f.Level], Family: f.Own.Family, Description: f.Description, FalsePositives: f.FalsePositives,
	}
	if err := f.complete(root); err != nil {
		return nil, err
	}
	source, err := f.LogSource.find(strict.Find(root, "logsource"), words)
	if err != nil {
		return nil, err
	}
	r.Kinds = source.kinds
	if r.condition, err = compile(&f.Detection, source); err != nil {
		return nil, err
	}
	for _, name := range f.Fields {
		path, _, err := source.field(strict.Find(root, "fields"), name)
		if err != nil {
			return nil, err
		}
		r.Fields = append(r.Fields, path)
	}
	for lang, text := range f.Own.Text {
		if err := check(text); err != nil {
			return nil, strict.At(strict.Find(root, "brandmelder", "text", lang), "text %s: %v", lang, err)
		}
	}
	return r, r.prove(&f, source)
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)

// complete says what a rule lacks.
func (f *file) complete(root *yaml.Node) error {
	switch {
	case strings.TrimSpace(f.Title) == "":
		return strict.At(root, "no title")
	case !uuid.MatchString(f.ID):
		return strict.At(strict.Find(root, "id"), "id %q is no UUID: make one with uuidgen, in lower case", f.ID)
	case levels[f.Level] == 0:
		return strict.At(strict.Find(root, "level"), "level %q: choose informational, low, medium, high or critical", f.Level)
	case f.Own.Family == "":
		return strict.At(strict.Find(root, "brandmelder"), "brandmelder.family is missing, which says what kind of alert it is: choose %s", strings.Join(event.Families, ", "))
	case !slices.Contains(event.Families, f.Own.Family):
		return strict.At(strict.Find(root, "brandmelder", "family"), "brandmelder.family: %s", strict.Unknown("family", f.Own.Family, event.Families))
	case len(f.Own.Text) > 0 && (f.Own.Text["en"] == "" || f.Own.Text["nl"] == "" || len(f.Own.Text) > 2):
		return strict.At(strict.Find(root, "brandmelder", "text"), "brandmelder.text: en and nl, both or none")
	case len(f.Own.Yes) == 0 || len(f.Own.No) == 0:
		return strict.At(strict.Find(root, "brandmelder"), "brandmelder.yes and brandmelder.no: a rule proves itself on at least one event that matches and one that does not")
	}
	return nil
}

// version is the day of the latest change, as Sigma keeps it.
func (f *file) version() string {
	if f.Modified != "" {
		return f.Modified
	}
	if f.Date != "" {
		return f.Date
	}
	return "1"
}

// techniques are the ATT&CK ids of the tags: attack.t1059.001.
func techniques(tags []string) (out []string) {
	for _, tag := range tags {
		if id, ok := strings.CutPrefix(tag, "attack.t"); ok && id != "" && id[0] >= '0' && id[0] <= '9' {
			out = append(out, "T"+id)
		}
	}
	return out
}
