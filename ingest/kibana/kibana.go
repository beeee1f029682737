// Package kibana makes what Kibana shows of a tenant: a data view, three dashboards,
// saved searches and detection rules, from one description. The ids follow from the
// names, so that an upgrade overwrites what the version before put there, and nothing
// else.
package kibana

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

type object = map[string]any

// Content is what is made for one tenant.
type Content struct {
	Namespace string // of its data streams
	Space     string // that it is for
	Lang      string // of titles: en or nl
	Families  []Family
}

// Family is what alerts can be about.
type Family struct {
	Name, Title string
	Techniques  []string // ATT&CK ids of its detectors
	Guides      []Guide  // of each of its detectors, in each language
}

// Guide says what to do about what a detector finds, in one language.
type Guide struct {
	Lang, Detector, Title, Why, Other string
	Steps                             []string
}

// say picks the language of a title.
func (c *Content) say(en, nl string) string {
	if c.Lang == "nl" {
		return nl
	}
	return en
}

// stream is the pattern of a dataset's data stream.
func (c *Content) stream(dataset string) string {
	return "logs-brandmelder." + dataset + "-" + c.Namespace
}

// space is the UUID namespace of our ids: the DNS name brandmelder.invalid.
var space = uuid([16]byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}, "brandmelder.invalid")

// uuid is the UUID of version 5 of a name (RFC 9562, section 5.5).
func uuid(within [16]byte, name string) (id [16]byte) {
	h := sha1.New()
	h.Write(within[:])
	h.Write([]byte(name))
	copy(id[:], h.Sum(nil))
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id
}

// id is the id of what has this name in the tenant's space.
func (c *Content) id(name string) string {
	b := uuid(space, c.Space+"/"+c.Namespace+"/"+name)
	t := hex.EncodeToString(b[:])
	return t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:]
}

// Saved is a saved object as Kibana imports it.
type Saved struct {
	ID         string      `json:"id"`
	Type       string      `json:"type"`
	Attributes object      `json:"attributes"`
	References []Reference `json:"references"`
	Core       string      `json:"coreMigrationVersion"`
	Version    string      `json:"typeMigrationVersion"`
}

// Reference says which object an object means by a name.
type Reference struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// versions are the shapes of objects that Kibana 8.17 to 9 all take: they migrate
// older ones and refuse newer.
var versions = map[string]string{"index-pattern": "8.0.0", "tag": "8.0.0", "search": "10.5.0", "dashboard": "10.2.0"}

func (c *Content) saved(kind, name string, attributes object, references ...Reference) Saved {
	if references == nil {
		references = []Reference{}
	}
	return Saved{c.id(kind + "/" + name), kind, attributes, references, "8.8.0", versions[kind]}
}

// Objects are the saved objects, those first that others refer to.
func (c *Content) Objects() []Saved {
	list := []Saved{c.tag(), c.dataView()}
	for _, s := range c.searches() {
		list = append(list, c.search(s))
	}
	return append(list, c.dashboards()...)
}

func (c *Content) tagReference() Reference {
	id := c.id("tag/brandmelder")
	return Reference{"tag", id, "tag-ref-" + id}
}

func (c *Content) tag() Saved {
	return c.saved("tag", "brandmelder", object{"name": "Brandmelder", "description": "made by brandmelder elastic install", "color": "#c0392b"})
}

func (c *Content) viewID() string { return c.id("index-pattern/all") }

func (c *Content) dataView() Saved {
	formats := object{}
	for _, path := range []string{"source.bytes", "destination.bytes", "network.bytes", "brandmelder.coverage.bytes", "brandmelder.coverage.gap_bytes", "brandmelder.status.journal_bytes"} {
		formats[path] = object{"id": "bytes"}
	}
	var sights []any
	for _, s := range [][2]string{{"clear", c.say("clear", "helder")}, {"partly", c.say("PARTLY", "DEELS")}, {"blind", "BLIND"}, {"down", c.say("DOWN", "UIT")}} {
		sights = append(sights, object{"key": s[0], "value": s[1]})
	}
	formats["brandmelder.status.sight"] = object{"id": "static_lookup", "params": object{"lookupEntries": sights, "unknownKeyValue": nil}}
	formats["event.duration"] = object{"id": "duration", "params": object{"inputFormat": "nanoseconds", "outputFormat": "humanizePrecise", "outputPrecision": 1}}
	return c.saved("index-pattern", "all", object{
		"title": c.stream("*"), "name": "Brandmelder " + c.Namespace, "timeFieldName": "@timestamp", "allowNoIndex": true,
		"fieldAttrs": "{}", "fields": "[]", "sourceFilters": "[]", "runtimeFieldMap": "{}", "typeMeta": "{}", "fieldFormatMap": inText(formats),
	}, c.tagReference())
}

// inText is JSON inside of a JSON string, as Kibana keeps what it does not search.
func inText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("kibana: %v", err)) // maps, lists and texts of ours
	}
	return string(b)
}

// Files are the two files that Kibana imports, by name.
func (c *Content) Files() (map[string][]byte, error) {
	objects, err := lines(c.Objects())
	if err != nil {
		return nil, err
	}
	rules, err := lines(c.Rules())
	return map[string][]byte{"brandmelder-" + c.Space + "-objects.ndjson": objects, "brandmelder-" + c.Space + "-rules.ndjson": rules}, err
}

func lines[T any](list []T) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, x := range list {
		if err := e.Encode(x); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
