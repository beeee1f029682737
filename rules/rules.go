// Package rules embeds the rule files, so that one binary is enough; a folder
// named in the configuration takes their place.
package rules

import "embed"

// Files are the rules as they were built in.
//
//go:embed *.yml
var Files embed.FS
