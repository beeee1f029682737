package detect

import (
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// encrypting is what a client did to the files of a server in a window, which goes
// on while its alarm stands.
type encrypting struct {
	since     int64
	rewritten int
	exts      []renaming // at most cryptExts
	notes     []noting   // at most cryptExts
	read      []uint64   // files that were read lately and were readable
	written   []wrote    // files that were written lately with even bytes
	flows     []event.FlowRef

	told     int // files at the latest finding
	severest event.Severity
}

// renaming counts the files that got an extension, and from which ones.
type renaming struct {
	extension string
	count     int
	origins   []string // at most cryptOrigins
}

// noting are the directories in which a text of one name was written.
type noting struct {
	name uint64
	dirs []uint64
}

// wrote is a file by its path without the last extension.
type wrote struct {
	stem      uint64
	extension string
}

const (
	cryptExts   = 16
	cryptRecent = 64
	// Encrypted bytes are spread evenly: 4096 of them have 7.95 bits each, text has
	// below 5, office files before they are packed below 7.
	evenBits = 7.5
	plainTop = 7.2
	// Fewer bytes cannot reach evenBits.
	evenBytes = 512
	noteBytes = 64 << 10
)

// enter takes one operation on a file.
func (c *encrypting) enter(r event.Record) {
	path := strings.ToLower(strings.TrimLeft(event.TextOf(r, "file.path"), `\`))
	extension := event.TextOf(r, "file.extension")
	switch event.TextOf(r, "brandmelder.smb.command") {
	case "close":
		c.closed(r, path, extension)
	case "rename":
		if to := event.TextOf(r, "brandmelder.smb.new_extension"); to != "" && to != extension {
			c.renamed(extension, to)
		}
	case "delete": // of what was written anew under a longer name
		id := nameID(path)
		if i := slices.IndexFunc(c.written, func(w wrote) bool { return w.stem == id }); i >= 0 && path != "" {
			c.renamed(extension, c.written[i].extension)
			c.written = slices.Delete(c.written, i, i+1)
		}
	}
}

// closed takes what was read from a file and written to it.
func (c *encrypting) closed(r event.Record, path, extension string) {
	written := event.NumberOf(r, "brandmelder.smb.write.bytes")
	readable := event.NumberOf(r, "brandmelder.smb.read.bytes") > 0 &&
		(event.ShareOf(r, "brandmelder.smb.read.entropy") < plainTop || event.TextOf(r, "brandmelder.smb.read.magic") != "")
	even := written >= evenBytes && event.TextOf(r, "brandmelder.smb.write.magic") == "" && event.ShareOf(r, "brandmelder.smb.write.entropy") >= evenBits
	stem := strings.TrimSuffix(path, "."+extension)
	switch {
	case even && (readable || c.forget(path) || c.forget(stem)):
		c.rewritten++
	case readable && path != "":
		c.read = remember(c.read, nameID(path))
	case written > 0 && written <= noteBytes && !even && (extension == "txt" || extension == "html" || extension == "hta" || extension == "htm" || extension == "rtf"):
		c.note(path)
	}
	if even && path != "" {
		c.written = remember(c.written, wrote{nameID(stem), strings.Clone(extension)})
	}
}

// forget reports whether a file was read lately; it counts once.
func (c *encrypting) forget(path string) bool {
	i := slices.Index(c.read, nameID(path))
	if path == "" || i < 0 {
		return false
	}
	c.read = slices.Delete(c.read, i, i+1)
	return true
}

// remember keeps the latest cryptRecent of a list.
func remember[T any](list []T, v T) []T {
	if len(list) >= cryptRecent {
		list = slices.Delete(list, 0, 1)
	}
	return append(list, v)
}

func (c *encrypting) renamed(from, to string) {
	i := slices.IndexFunc(c.exts, func(x renaming) bool { return x.extension == to })
	if i < 0 {
		if len(c.exts) == cryptExts {
			return
		}
		i = len(c.exts)
		c.exts = append(c.exts, renaming{extension: strings.Clone(to)})
	}
	x := &c.exts[i]
	x.count++
	if len(x.origins) < cryptOrigins && !slices.Contains(x.origins, from) {
		x.origins = append(x.origins, strings.Clone(from))
	}
}

// most is the extension that most files got.
func (c *encrypting) most() (top renaming) {
	for _, x := range c.exts {
		if x.count > top.count {
			top = x
		}
	}
	return top
}

func (c *encrypting) note(path string) {
	at := strings.LastIndexByte(path, '\\')
	name := nameID(path[at+1:])
	i := slices.IndexFunc(c.notes, func(n noting) bool { return n.name == name })
	if i < 0 {
		if len(c.notes) == cryptExts {
			return
		}
		i = len(c.notes)
		c.notes = append(c.notes, noting{name: name})
	}
	c.notes[i].dirs = note(c.notes[i].dirs, nameID(path[:at+1]))
}

// noted is in how many directories the most frequent text was written.
func (c *encrypting) noted() (most int) {
	for _, n := range c.notes {
		most = max(most, len(n.dirs))
	}
	return most
}
