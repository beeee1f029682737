package check

import (
	"golang.org/x/sys/unix"
)

func init() {
	register(Spec{Name: "limits", Doc: "memory and open files that this process may have", Run: limits})
}

const (
	leastFiles = 1024
	// The tables of a default configuration take a third of this when full.
	leastMemory = 1 << 30
)

func limits(e *Env) (found []Problem) {
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil && files.Max < leastFiles {
		found = append(found, Problem{
			What: say("at most %d files may be open", "er mogen hoogstens %d bestanden open zijn", files.Max),
			Lost: say("rings, outputs and the journal at the same time", "ringen, uitvoer en journaal tegelijk"),
			Mend: "sudo systemctl edit brandmelder  # [Service] LimitNOFILE=65536",
		})
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return found
	}
	total := uint64(info.Totalram) * uint64(info.Unit)
	e.fact("", say("%d MB of memory", "%d MB geheugen", total>>20))
	if total < leastMemory {
		found = append(found, Problem{
			What: say("the machine has %d MB of memory", "de machine heeft %d MB geheugen", total>>20),
			Lost: say("conversations: their table makes room when memory is short", "gesprekken: hun tabel maakt plaats als het geheugen krap is"),
			Mend: "limits: {flows: 32768, streams: 8192}",
		})
	}
	return found
}
