package manual

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"
)

// spdx is a bill of materials, SPDX 2.3 in JSON (spdx.github.io/spdx-spec/v2.3).
type spdx struct {
	Version   string         `json:"spdxVersion"`
	Licence   string         `json:"dataLicense"`
	ID        string         `json:"SPDXID"`
	Name      string         `json:"name"`
	Namespace string         `json:"documentNamespace"`
	Creation  creation       `json:"creationInfo"`
	Packages  []part         `json:"packages"`
	Relations []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type part struct {
	ID       string      `json:"SPDXID"`
	Name     string      `json:"name"`
	Version  string      `json:"versionInfo"`
	Location string      `json:"downloadLocation"`
	Analyzed bool        `json:"filesAnalyzed"`
	Refs     []reference `json:"externalRefs"`
}

type reference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	From string `json:"spdxElementId"`
	Kind string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

// Bill lists what a binary was built of, from its own build information: the program
// first, the Go release and every module with its version. It is dated created, so
// that the same build gives the same bytes.
func Bill(b *debug.BuildInfo, version string, created time.Time) ([]byte, error) {
	doc := spdx{
		Version: "SPDX-2.3", Licence: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: "brandmelder-" + version,
		Namespace: "https://" + b.Main.Path + "/sbom/" + version,
		Creation:  creation{created.UTC().Format(time.RFC3339), []string{"Tool: brandmelder-" + version}},
	}
	add := func(path, version string) {
		id := fmt.Sprintf("SPDXRef-Package-%d", len(doc.Packages))
		doc.Packages = append(doc.Packages, part{id, path, version, "NOASSERTION", false, []reference{
			{"PACKAGE-MANAGER", "purl", "pkg:golang/" + path + "@" + version},
		}})
		from, kind := doc.Packages[0].ID, "DEPENDS_ON"
		if len(doc.Packages) == 1 {
			from, kind = doc.ID, "DESCRIBES"
		}
		doc.Relations = append(doc.Relations, relationship{from, kind, id})
	}
	add(b.Main.Path, version)
	add("stdlib", b.GoVersion)
	for _, m := range b.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		add(m.Path, m.Version)
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	return append(text, '\n'), err
}
