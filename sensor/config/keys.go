package config

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Since lists the keys of a documented configuration, with dots between the levels, that neither an earlier one nor a
// person's own file has: what a newer version can do, and this file does not say yet.
func Since(documented, earlier, own []byte) (fresh []string, err error) {
	var all [3][]string
	for i, text := range [...][]byte{documented, earlier, own} {
		var root yaml.Node
		if err := yaml.Unmarshal(text, &root); err != nil {
			return nil, fmt.Errorf("configuration: %w", err)
		}
		all[i] = keys(nil, "", &root)
	}
	for _, key := range all[0] {
		if !slices.Contains(all[1], key) && !slices.Contains(all[2], key) {
			fresh = append(fresh, key)
		}
	}
	return fresh, nil
}

// keys appends those below a node, in their order.
func keys(to []string, above string, n *yaml.Node) []string {
	if n.Kind == yaml.DocumentNode {
		n = n.Content[0]
	}
	if n.Kind != yaml.MappingNode {
		return to
	}
	for i := 0; i < len(n.Content); i += 2 {
		key := above + n.Content[i].Value
		to = keys(append(to, key), key+".", n.Content[i+1])
	}
	return to
}
