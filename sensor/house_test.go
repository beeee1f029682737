package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/brandmelder/brandmelder/"

// arrows are the imports between rooms that the architecture allows.
var arrows = map[string]string{
	"bpf":             "",
	"deploy":          "",
	"deploy/flood":    "craft",
	"rules":           "",
	"ingest":          "event secret",
	"ingest/fake":     "",
	"ingest/kibana":   "",
	"sensor/manual":   "",
	"sensor/event":    "",
	"sensor/secret":   "",
	"sensor/baseline": "event lasting",
	"sensor/craft":    "event rights",
	"sensor/check":    "bpf capture decode event flow iface ingest journal rights secret",
	"sensor/rights":   "",
	"sensor/iface":    "lasting",
	"sensor/lasting":  "",
	"sensor/capture":  "bpf event iface",
	"sensor/decode":   "event",
	"sensor/proto":    "event",
	"sensor/flow":     "decode event proto",
	"sensor/know":     "baseline event",
	"sensor/detect":   "baseline event know rule",
	"sensor/alert":    "baseline detect event know",
	"sensor/pipeline": "alert baseline capture decode detect event flow health know proto rule",
	"sensor/journal":  "event lasting",
	"sensor/output":   "event ingest journal secret",
	"sensor/delivery": "event health ingest journal lasting output",
	"sensor/view":     "alert event journal",
	"sensor/health":   "event",
	"sensor/strict":   "",
	"sensor/rule":     "event strict",
	"sensor/config":   "alert detect event flow journal know output strict",
	"sensor/drill":    "capture",
}

// rooms are the imports of ours of each package, in short names.
func rooms(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		var ours []string
		for _, path := range strings.Fields(line) {
			if short, ok := strings.CutPrefix(path, module); ok {
				ours = append(ours, short)
			}
		}
		all[ours[0]] = ours[1:]
	}
	return all
}

func TestArrows(t *testing.T) {
	all := rooms(t)
	for room, imports := range all {
		if room == "sensor" {
			continue // main sees every room
		}
		allowed, known := arrows[room]
		if !known {
			t.Errorf("%s is a new room: say in arrows what it may import", room)
		}
		for _, path := range imports {
			if !slices.Contains(strings.Fields(allowed), strings.TrimPrefix(path, "sensor/")) {
				t.Errorf("%s must not import %s", room, path)
			}
		}
	}
	var depth func(room string) int
	depth = func(room string) int {
		deepest := 0
		for _, path := range all[room] {
			deepest = max(deepest, 1+depth(path))
		}
		return deepest
	}
	if d := depth("sensor"); d < 4 || d > 6 {
		t.Errorf("%d rooms in a row below main, want 4 to 6", d)
	}
}

// sources calls see with every Go file of ours that people wrote.
func sources(t *testing.T, see func(path string, file *ast.File, set *token.FileSet)) {
	t.Helper()
	set := token.NewFileSet()
	for _, root := range []string{".", "../bpf", "../ingest"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") {
				return err
			}
			file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
			if err == nil && !ast.IsGenerated(file) {
				see(path, file, set)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Nothing outgrows a screen.
func TestFunctionsAndFilesAreShort(t *testing.T) {
	seen := 0
	sources(t, func(path string, file *ast.File, set *token.FileSet) {
		lines := func(n ast.Node) int { return set.Position(n.End()).Line - set.Position(n.Pos()).Line + 1 }
		if n := set.File(file.Pos()).LineCount(); n > 500 {
			t.Errorf("%s has %d lines", path, n)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			seen++
			if n := lines(f); n > 60 {
				t.Errorf("%s: %s has %d lines", path, f.Name.Name, n)
			}
			if !strings.HasSuffix(path, "_test.go") && f.Name.Name == "init" && f.Recv == nil {
				if err := onlyRegisters(f.Body); err != nil {
					t.Errorf("%s: init %v", path, err)
				}
			}
		}
	})
	if seen < 1000 {
		t.Errorf("only %d functions found", seen)
	}
}

// onlyRegisters finds what else than register(Spec{…}) an init does: code that
// runs before main is where nobody looks for it.
func onlyRegisters(body *ast.BlockStmt) error {
	for _, s := range body.List {
		e, _ := s.(*ast.ExprStmt)
		if e == nil {
			return fmt.Errorf("holds a %T", s)
		}
		call, _ := e.X.(*ast.CallExpr)
		if call == nil {
			return fmt.Errorf("holds a %T", e.X)
		}
		if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "register" {
			return fmt.Errorf("calls something else than register")
		}
	}
	return nil
}

func TestOnlyRegisters(t *testing.T) {
	for src, fine := range map[string]bool{
		`register(Spec{})`:               true,
		`register(Spec{}); register(Sp)`: true,
		`x = 1`:                          false,
		`go f()`:                         false,
		`load()`:                         false,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc init() { "+src+" }", 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := onlyRegisters(file.Decls[0].(*ast.FuncDecl).Body); (err == nil) != fine {
			t.Errorf("%s: %v", src, err)
		}
	}
}

// exists reports whether some file matches the pattern.
func exists(t *testing.T, pattern string) bool {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			return true
		}
	}
	return false
}

// writers put files where people asked for them, or into /proc; what the sensor keeps for itself goes through lasting.
var (
	writers = []string{"lasting/lasting.go", "manual.go", "elastic.go", "elastic_content.go", "iface/trait.go", "craft/wire.go", "replay.go"}
	placing = []string{"os.WriteFile", "os.CreateTemp", "os.Create", "os.CopyFS"}
	// These open a file that they lock or add to, or that must not be there.
	openers  = []string{"journal/journal.go", "ship.go", "output/ndjson.go", "support.go"}
	creating = []string{"os.O_CREATE", "unix.O_CREAT", "syscall.O_CREAT", "unix.Creat", "syscall.Creat"}
)

func TestFilesAreLasting(t *testing.T) {
	sources(t, func(path string, file *ast.File, _ *token.FileSet) {
		if strings.HasSuffix(path, "_test.go") || slices.Contains(writers, path) {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				name := fmt.Sprint(s.X, ".", s.Sel.Name)
				if slices.Contains(placing, name) || slices.Contains(creating, name) && !slices.Contains(openers, path) {
					t.Errorf("%s writes a file in a way of its own (%s); lasting.Disk.Place does it", path, name)
				}
			}
			return true
		})
	})
}
