package check

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// listener is a program that has a packet socket on an interface.
type listener struct {
	name string
	pid  int
}

// listeners are the programs that listen on an interface beside this one and a sensor
// of the same binary. Whose sockets cannot be seen without rights stay unknown.
func listeners(index int) (all []listener) {
	b, err := os.ReadFile("/proc/thread-self/net/packet")
	if err != nil {
		return nil
	}
	sockets := map[string]bool{}
	for _, line := range strings.Split(string(b), "\n")[1:] {
		// sk RefCnt Type Proto Iface R Rmem User Inode
		if f := strings.Fields(line); len(f) >= 9 && f[4] == strconv.Itoa(index) {
			sockets["socket:["+f[8]+"]"] = true
		}
	}
	if len(sockets) == 0 {
		return nil
	}
	own, _ := os.Readlink("/proc/self/exe")
	programs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range programs {
		if exe, _ := os.Readlink(dir + "/exe"); strings.TrimSuffix(exe, " (deleted)") == own {
			continue
		}
		if holds(dir+"/fd", sockets) {
			comm, _ := os.ReadFile(dir + "/comm")
			pid, _ := strconv.Atoi(filepath.Base(dir))
			all = append(all, listener{strings.TrimSpace(string(comm)), pid})
		}
	}
	return all
}

func holds(dir string, sockets map[string]bool) bool {
	entries, _ := os.ReadDir(dir)
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		to, _ := os.Readlink(dir + "/" + e.Name())
		return sockets[to]
	})
}

// others tells of programs that listen on a mirror port too.
func others(name string, index int) (found []Problem) {
	for _, l := range listeners(index) {
		found = append(found, Problem{
			About: name, Note: true,
			What: say("another program listens too: %s (process %d)", "een ander programma luistert ook: %s (proces %d)", l.name, l.pid),
			Lost: say("time of the processor for each packet, and under XDP that program sees nothing any more", "rekentijd per pakket, en onder XDP ziet dat programma niets meer"),
			Mend: fmt.Sprintf("sudo systemctl status %d  # stop it, or give each its own port", l.pid),
		})
	}
	return found
}
