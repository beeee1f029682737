package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/strict"
)

// Load reads a file over the defaults. Its errors begin with file:line:column.
// The path "" gives the defaults.
func Load(path string) (*Config, error) {
	c := Default()
	if path == "" {
		return c, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("configuration: %w; use sudo, or -c with a file that you may read", err)
	}
	if err != nil {
		return nil, fmt.Errorf("configuration: %w; run without -c to use the defaults", err)
	}
	defer f.Close()
	c.path = path
	var root, more yaml.Node
	decoder := yaml.NewDecoder(f)
	err = decoder.Decode(&root)
	if errors.Is(err, io.EOF) { // an empty file
		return c, nil
	}
	for err == nil {
		if err = decoder.Decode(&more); err == nil && more.Content[0].Tag != "!!null" {
			err = strict.At(more.Content[0], "a second document, which nothing would read: take out the --- above it")
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err != nil {
		return nil, strict.InFile(path, err)
	}
	if err := strict.Decode(path, root.Content[0], c); err != nil {
		return nil, err
	}
	return c, c.validate(root.Content[0])
}
