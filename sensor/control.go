package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/health"
)

// The socket in the state directory by which the verbs, ship and run speak: one line
// of JSON asks, one answers.
const (
	maxAsked    = 64 << 10 // bytes of a line
	askDeadline = 2 * time.Second
	lentFor     = 3 * time.Second // then somebody has to ask again
)

func socketIn(state string) string { return filepath.Join(state, "control.sock") }

// asked is what somebody wants of run.
type asked struct {
	Ask     string          `json:"ask"` // status, decided, shipped, stacks or lend
	Shipped []health.Output `json:"shipped,omitempty"`
}

// answered is what run says.
type answered struct {
	Run    health.Run `json:"run"`
	Stacks string     `json:"stacks,omitempty"` // of its goroutines: functions and lines, no values
	Error  string     `json:"error,omitempty"`
}

// control answers at the socket of a state directory.
type control struct {
	now     func() health.Run
	decided func() // somebody decided something
	lend    func() // somebody wants to look at the mirror ports himself, for a moment
	shipped func([]health.Output)
}

// listen opens the socket; the lock of the journal says that no other run has it.
func (c *control) listen(ctx context.Context, state string) error {
	path := socketIn(state)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("control socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		return errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
	}
	context.AfterFunc(ctx, func() { l.Close() })
	go func() {
		for {
			conn, err := l.AcceptUnix()
			if err != nil {
				return
			}
			go c.serve(conn)
		}
	}()
	return nil
}

// serve answers one line of a process that may ask.
func (c *control) serve(conn *net.UnixConn) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(askDeadline))
	var out any
	if err := mayAsk(conn); err != nil {
		out = answered{Error: err.Error()}
	} else if in, err := readAsked(conn); err != nil {
		out = answered{Error: err.Error()}
	} else {
		out = c.answer(in)
	}
	json.NewEncoder(conn).Encode(out)
}

// mayAsk admits root, the user that runs this, and the group that the socket is of.
func mayAsk(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	var failed error
	if err := raw.Control(func(fd uintptr) { peer, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	if peer.Uid != 0 && peer.Uid != uint32(os.Geteuid()) && peer.Gid != uint32(os.Getegid()) {
		return fmt.Errorf("user %d may not ask", peer.Uid)
	}
	return nil
}

func readAsked(r io.Reader) (in asked, err error) {
	line, err := bufio.NewReaderSize(io.LimitReader(r, maxAsked), maxAsked).ReadSlice('\n')
	if err != nil {
		return in, fmt.Errorf("one line of at most %d bytes: %w", maxAsked, err)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return in, fmt.Errorf("not understood: %w", err)
	}
	if d.More() {
		return in, errors.New("not understood: more than one question")
	}
	return in, nil
}

func (c *control) answer(in asked) (a answered) {
	switch in.Ask {
	case "status":
	case "decided":
		c.decided()
	case "lend":
		c.lend()
	case "shipped":
		c.shipped(in.Shipped)
	case "stacks":
		a.Stacks = stacks()
	default:
		return answered{Error: fmt.Sprintf("unknown question %.20q: ask status, decided, shipped, stacks or lend", in.Ask)}
	}
	a.Run = c.now()
	return a
}

// stacks is where every goroutine is.
func stacks() string {
	var text bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&text, 1)
	return string(text.Bytes()[:min(text.Len(), maxAsked/2)])
}

// ask asks the run of a state directory; an error where none runs.
func ask(state string, in asked) (a answered, err error) {
	conn, err := net.DialTimeout("unix", socketIn(state), askDeadline)
	if err != nil {
		return a, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(askDeadline))
	if err := json.NewEncoder(conn).Encode(in); err != nil {
		return a, err
	}
	if err := json.NewDecoder(io.LimitReader(conn, maxAsked)).Decode(&a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// tellRun tells run each second how the outputs of ship stand; without a run it says
// nothing.
func (s *settings) tellRun(ctx context.Context, state string) {
	tick := time.NewTicker(report)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if list, err := s.outputs(state, remote); err == nil {
			ask(state, asked{Ask: "shipped", Shipped: list})
		}
	}
}
