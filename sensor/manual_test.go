package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	questions "github.com/brandmelder/brandmelder/sensor/check"
)

// Every verb and flag that a person can type is in the manual, the whole documented
// configuration too, and the same source gives the same bytes.
func TestManual(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	dir := filepath.Join(t.TempDir(), "man")
	if _, err := execute(t, rootCommand(), "manual", dir); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	program := strings.ReplaceAll(read("brandmelder.8"), `\-`, "-")
	walk(rootCommand(), func(c *cobra.Command) {
		if !strings.Contains(program, ".SS "+c.UseLine()+"\n") {
			t.Errorf("%s is not in the manual", c.CommandPath())
		}
	})
	for _, q := range questions.All() {
		if !strings.Contains(program, ".B "+q.Name+"\n"+q.Doc+"\n") {
			t.Errorf("the manual does not say what the question %s finds", q.Name)
		}
	}
	keys := strings.NewReplacer(`\-`, "-", `\e`, `\`, `\&`, "").Replace(read("brandmelder.yaml.5"))
	file, err := os.ReadFile("../deploy/brandmelder.yaml")
	if err != nil || !strings.Contains(keys, strings.TrimSpace(string(file))) {
		t.Error(err, "the manual of the configuration lacks a part of it")
	}
	bill := read("brandmelder.spdx.json")
	var doc struct{ CreationInfo struct{ Created string } }
	if err := json.Unmarshal([]byte(bill), &doc); err != nil || doc.CreationInfo.Created != "2023-11-14T22:13:20Z" {
		t.Error(err, doc)
	}
	if _, err := execute(t, rootCommand(), "manual", dir); err != nil || read("brandmelder.spdx.json") != bill {
		t.Error(err, "another bill of materials from the same build")
	}
}

// A page is read by the program that people read it with, without a warning.
func TestManualIsRoff(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("groff is not installed: the pages are not read")
	}
	dir := t.TempDir()
	if _, err := execute(t, rootCommand(), "manual", dir); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"brandmelder.8", "brandmelder.yaml.5"} {
		c := exec.Command(groff, "-Kutf8", "-man", "-Tutf8", "-ww", "-z", filepath.Join(dir, page))
		if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
			t.Error(page, err, string(out))
		}
	}
}

// walk visits the commands that do something and are listed.
func walk(c *cobra.Command, visit func(*cobra.Command)) {
	for _, sub := range c.Commands() {
		switch {
		case sub.Hidden || sub.Name() == "help":
		case sub.HasAvailableSubCommands():
			walk(sub, visit)
		default:
			visit(sub)
		}
	}
}
