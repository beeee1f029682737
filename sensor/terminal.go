package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// terminal is one that a person looks at, in its raw mode: keys come one by one.
type terminal struct {
	in, out *os.File
	was     *unix.Termios
}

// Sequences of ECMA-48 that every terminal of today knows.
const (
	screenOpen  = "\x1b[?1049h\x1b[?25l" // another screen, without the cursor
	screenClose = "\x1b[?25h\x1b[?1049l"
	screenTop   = "\x1b[H"
	lineRest    = "\x1b[K" // clear to its end
	screenRest  = "\x1b[J"
	bold, usual = "\x1b[1m", "\x1b[0m"
	red, yellow = "\x1b[31m", "\x1b[33m"
)

// isTerminal reports whether a person sees what is written to w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// openTerminal takes in and out over; nil where they are no terminal.
func openTerminal(in, out *os.File) (*terminal, error) {
	was, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS)
	if err != nil {
		return nil, nil
	}
	if !isTerminal(out) {
		return nil, nil
	}
	raw := *was
	raw.Lflag &^= unix.ICANON | unix.ECHO // Ctrl-C stays a signal
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(int(in.Fd()), unix.TCSETS, &raw); err != nil {
		return nil, err
	}
	out.WriteString(screenOpen)
	return &terminal{in, out, was}, nil
}

// Close gives the terminal back as it was.
func (t *terminal) Close() error {
	t.out.WriteString(screenClose)
	return unix.IoctlSetTermios(int(t.in.Fd()), unix.TCSETS, t.was)
}

// size is its columns and rows; 80 by 24 where it does not say.
func (t *terminal) size() (columns, rows int) {
	w, err := unix.IoctlGetWinsize(int(t.out.Fd()), unix.TIOCGWINSZ)
	if err != nil || w.Col == 0 || w.Row == 0 {
		return 80, 24
	}
	return int(w.Col), int(w.Row)
}

// keys tells each byte that is typed, until the terminal is gone.
func (t *terminal) keys() <-chan byte {
	typed := make(chan byte)
	go func() {
		defer close(typed)
		for b := make([]byte, 1); ; {
			if n, err := t.in.Read(b); n == 0 || err != nil {
				return
			}
			typed <- b[0]
		}
	}()
	return typed
}
