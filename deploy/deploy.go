// Package deploy embeds what a user is given beside the binary.
package deploy

import _ "embed"

// Configuration is the file that documents every key with its default.
//
//go:embed brandmelder.yaml
var Configuration []byte
