package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/deploy"
	questions "github.com/brandmelder/brandmelder/sensor/check"
	"github.com/brandmelder/brandmelder/sensor/manual"
)

// manualCommand writes what a package holds beside the binary and is made from it.
// It is for whoever makes packages, and not listed.
func manualCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "manual FOLDER",
		Short:  "write manual pages, shell completions and the bill of materials to a folder",
		Args:   cobra.ExactArgs(1),
		Hidden: true,
		RunE: func(c *cobra.Command, args []string) error {
			files, err := manualFiles(c.Root())
			if err != nil {
				return err
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("manual: %w", err)
			}
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(args[0], name), text, 0o644); err != nil {
					return fmt.Errorf("manual: %w", err)
				}
			}
			return nil
		},
	}
}

// manualFiles are the files by name.
func manualFiles(root *cobra.Command) (map[string][]byte, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil, errors.New("manual: this binary carries no build information; build it with make build")
	}
	created, err := sourceDate()
	if err != nil {
		return nil, err
	}
	bill, err := manual.Bill(info, version, created)
	if err != nil {
		return nil, fmt.Errorf("manual: %w", err)
	}
	var list []manual.Question
	for _, s := range questions.All() {
		list = append(list, manual.Question{Name: s.Name, Finds: s.Doc})
	}
	var bash, zsh, fish bytes.Buffer
	err = errors.Join(root.GenBashCompletionV2(&bash, true), root.GenZshCompletion(&zsh), root.GenFishCompletion(&fish, true))
	return map[string][]byte{
		"brandmelder.8":         manual.Program(root, version, list),
		"brandmelder.yaml.5":    manual.Configuration(deploy.Configuration, version),
		"brandmelder.bash":      bash.Bytes(),
		"_brandmelder":          zsh.Bytes(),
		"brandmelder.fish":      fish.Bytes(),
		"brandmelder.spdx.json": bill,
	}, err
}

// sourceDate is SOURCE_DATE_EPOCH (reproducible-builds.org), the time of the source;
// without it the beginning of Unix time, and never now.
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Unix(0, 0), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("manual: SOURCE_DATE_EPOCH is %q, not seconds since 1970", text)
	}
	return time.Unix(seconds, 0), nil
}
