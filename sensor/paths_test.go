package main

import (
	"encoding/json"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// knownPaths are the paths of all records that parsers and the line emit, with
// their types.
func knownPaths() map[string][]event.Type {
	tables := []*event.Table{(&event.Login{}).Table(), (&event.Traffic{}).Table(), flow.AnomalyTable}
	for _, s := range proto.All() {
		tables = append(tables, s.Tables...)
	}
	return pathsOf(tables)
}

func pathsOf(tables []*event.Table) map[string][]event.Type {
	all := map[string][]event.Type{}
	for _, table := range tables {
		for i := range table.Fields {
			all[table.Fields[i].Path] = append(all[table.Fields[i].Path], table.Fields[i].Type)
		}
	}
	return all
}

var readers = map[string][]event.Type{
	"Has": nil, "TextOf": {event.TypeKeyword, event.TypeWildcard, event.TypeText}, "TextsOf": {event.TypeKeyword},
	"NumberOf": {event.TypeLong, event.TypeDate}, "NumbersOf": {event.TypeLong}, "ShareOf": {event.TypeFloat},
	"IsTrue": {event.TypeBool}, "AddrOf": {event.TypeIP}, "AddrsOf": {event.TypeIP},
}

// A fact that is read by a path that no table has, or as another type, would be
// silently absent.
func TestFactsThatAreReadExist(t *testing.T) {
	parsed, seen := knownPaths(), 0
	alerts := pathsOf(alert.Tables()) // what the sentences are filled from
	sources(t, func(path string, file *ast.File, set *token.FileSet) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		known := parsed
		if strings.HasPrefix(path, "alert/") {
			known = alerts
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			name, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			types, ok := readers[name.Sel.Name]
			lit, isText := call.Args[1].(*ast.BasicLit)
			if !ok || !isText || lit.Kind != token.STRING {
				return true
			}
			seen++
			fact, _ := strconv.Unquote(lit.Value)
			have := known[fact]
			if have == nil {
				t.Errorf("%s: no record has %s", set.Position(call.Pos()), fact)
			} else if types != nil && !slices.ContainsFunc(have, func(x event.Type) bool { return slices.Contains(types, x) }) {
				t.Errorf("%s: %s is a %v, which %s does not read", set.Position(call.Pos()), fact, have[0], name.Sel.Name)
			}
			return true
		})
	})
	if seen < 10 {
		t.Errorf("only %d facts are read: does this test still see them?", seen)
	}
}

// A scene whose facts no parser says proves nothing.
func TestScenesSpeakOfRealFacts(t *testing.T) {
	known := knownPaths()
	files, err := filepath.Glob("detect/testdata/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenes: %v", err)
	}
	for _, file := range files {
		var scenes []struct{ Fields map[string]any }
		b, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(b, &scenes) != nil {
			t.Errorf("%s cannot be read", file)
			continue
		}
		for _, s := range scenes {
			for path := range s.Fields {
				if known[path] == nil {
					t.Errorf("%s: no record has %s", file, path)
				}
			}
		}
	}
}
