package main

import (
	"io"
	"time"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/capture"
)

// progress tells each second how much of a capture was read, on one line of a terminal,
// until end is called; where w is none it tells nothing.
func progress(w io.Writer, source capture.Source) (end func()) {
	if !isTerminal(w) {
		return func() {}
	}
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for each := time.NewTicker(time.Second); ; {
			select {
			case <-each.C:
				io.WriteString(w, readSoFar(source.Stats())+lineRest+"\r") // what is written next begins there
			case <-over:
				each.Stop()
				io.WriteString(w, lineRest)
				return
			}
		}
	}()
	return func() { close(over); <-ended }
}

// readSoFar says how much was read of an input whose size may be unknown.
func readSoFar(s capture.Stats) string {
	if s.Size == 0 {
		return alert.Quantity("en", float64(s.Bytes), "bytes") + " read"
	}
	return alert.Quantity("en", float64(s.Pos)/float64(s.Size), "share") + " of " + alert.Quantity("en", float64(s.Size), "bytes") + " read"
}
