package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/brandmelder/brandmelder/sensor/iface"
)

// untilUp is how long a card and its switch may take to agree on a speed.
const untilUp = 5 * time.Second

// wake makes fit to listen what the host does not use: an interface that is down sees
// nothing, and one that is up might speak. What a driver refuses check tells.
func wake(room *iface.Room) {
	links, err := netlink.LinkList()
	if err != nil {
		return
	}
	var woken []int
	for _, l := range links {
		a := l.Attrs()
		own, err := iface.Carries(a.Name)
		if err != nil || len(own) > 0 || a.EncapType != "ether" {
			continue
		}
		_ = room.Prepare(a.Name)
		woken = append(woken, a.Index)
	}
	for end := time.Now().Add(untilUp); time.Now().Before(end) && !allUp(woken); {
		time.Sleep(100 * time.Millisecond)
	}
}

func allUp(indices []int) bool {
	for _, index := range indices {
		if l, err := netlink.LinkByIndex(index); err == nil && l.Attrs().OperState == netlink.OperDown {
			return false
		}
	}
	return true
}

// restoredAtAnEnd sets back what was prepared when the function that it returns is
// called, or when somebody ends the program before.
func restoredAtAnEnd(room *iface.Room) (restore func()) {
	ends, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(ends, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-ends:
			_ = room.RestoreAll()
			os.Exit(exitUse)
		case <-done:
		}
	}()
	return func() {
		signal.Stop(ends)
		close(done)
		_ = room.RestoreAll()
	}
}
