package proto

import "strings"

// baseName is the last part of a path with backslashes.
func baseName(path string) string { return path[strings.LastIndexByte(path, '\\')+1:] }

// smbExtension is what follows the last dot of a path's name, lower case; "" where
// there is none, or where it is too long to be one.
func smbExtension(path string) string {
	name := baseName(path)
	dot := strings.LastIndexByte(name, '.')
	if dot < 1 || len(name)-dot-1 > 16 {
		return ""
	}
	return strings.ToLower(name[dot+1:])
}
