package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/brandmelder/brandmelder/ingest"
)

// Run in the hand is a small parent: it starts the process that captures, the one that
// sends, and the exercise, starts again what died, and ends all in order. A service
// manager is that parent itself, with run --capture-only and ship.

// exitAgain is the exit code of a part that wants to be started anew: capture, when an
// interface has come back for which it has no rights any more.
const exitAgain = 75 // EX_TEMPFAIL of sysexits.h

// partFlag tells a part that run is its parent; its value is about the exercise.
const (
	partFlag = "--part"
	staged   = "staged" // the exercise plays on its interface
	bare     = "plain"
)

// restarts are the waits before a part that died is started again.
var restarts = ingest.Backoff{First: time.Second, Most: 30 * time.Second}

// isUp tells the parent or the service manager that the part works: from then on it is started again if it
// dies, until then its failure is the run's.
func isUp(part string) {
	tell(daemon.SdNotifyReady)()
	if part != "" {
		f := os.NewFile(3, "up")
		f.Write([]byte{1})
		f.Close()
	}
}

// part is a process of the run.
type part struct {
	name string
	args []string
	w    io.Writer
	say  func(string, ...any)
	code int  // of its last exit
	up   bool // it worked at some time

	end  chan struct{} // closed: it has to end
	over chan struct{} // it has ended for good
	pid  atomic.Int64
}

// start starts a part and keeps it running until stop.
func (p *part) start() {
	p.end, p.over = make(chan struct{}), make(chan struct{})
	go func() {
		// The kernel ends a part with the thread that started it.
		runtime.LockOSThread()
		defer close(p.over)
		for failures := 1; ; failures++ {
			why := p.once()
			if p.code == 0 || p.ending() || !p.up && p.code > 0 && p.code != exitAgain {
				return
			}
			if p.code == exitAgain {
				failures = 0
				continue
			}
			wait := restarts.After(failures)
			p.say("%s ended: %v; it starts again in %s", p.name, why, wait.Round(time.Second))
			select {
			case <-p.end:
				return
			case <-time.After(wait):
			}
		}
	}()
}

func (p *part) ending() bool {
	select {
	case <-p.end:
		return true
	default:
		return false
	}
}

// once runs the process once and sets the code of its exit, -1 after a signal.
func (p *part) once() error {
	p.code = exitUse
	program, err := os.Executable()
	if err != nil {
		p.say("%s cannot be started: %v", p.name, err)
		return err
	}
	mine, its, err := os.Pipe()
	if err != nil {
		p.say("%s cannot be started: %v", p.name, err)
		return err
	}
	c := exec.Command(program, p.args...)
	c.Args[0] = os.Args[0]
	c.Stdout, c.Stderr, c.ExtraFiles = p.w, os.Stderr, []*os.File{its}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM} // Ctrl-C reaches the parent alone
	err = c.Start()
	its.Close()
	if err != nil {
		mine.Close()
		p.say("%s cannot be started: %v", p.name, err)
		return err
	}
	p.pid.Store(int64(c.Process.Pid))
	if p.ending() { // told to end while it started
		c.Process.Signal(syscall.SIGTERM)
	}
	n, _ := mine.Read(make([]byte, 1))
	p.up = p.up || n > 0
	mine.Close()
	err = c.Wait()
	p.pid.Store(0)
	p.code = c.ProcessState.ExitCode()
	return err
}

func (p *part) signal(s syscall.Signal) {
	if pid := p.pid.Load(); pid > 0 {
		syscall.Kill(int(pid), s)
	}
}

// stop ends a part in order and waits for it.
func (p *part) stop() {
	close(p.end)
	p.signal(syscall.SIGTERM)
	<-p.over
}

// both ends what run started when ctx ends or capture has ended by itself.
func (r *run) both(ctx context.Context, isStaged bool) error {
	value := bare
	if isStaged {
		value = staged
	}
	capturing := &part{name: "capture", args: append(r.typed(), partFlag+"="+value), w: r.children(), say: r.say}
	sending := &part{name: "ship", args: append([]string{"ship"}, r.configured()...), w: r.children(), say: r.say}
	sending.args = append(sending.args, partFlag+"="+bare)
	ships := r.ships()
	capturing.start()
	defer passHangups(capturing, sending)()
	var shipped chan struct{} // nil: never
	if ships {
		sending.start()
		shipped = sending.over
	}
	select {
	case <-ctx.Done():
	case <-capturing.over:
	case <-shipped: // it was never up: its configuration is wrong
	}
	capturing.stop()
	if ships {
		sending.stop()
	}
	if capturing.code == 0 && ships {
		capturing.code = max(sending.code, 0)
	}
	if capturing.up && capturing.code == 0 {
		r.say("next: %s alerts list", os.Args[0])
	}
	return exited(capturing.code)
}

// typed is the verb as a person typed it.
func (r *run) typed() []string {
	args := append([]string{"run"}, r.configured()...)
	if !r.exercise {
		args = append(args, "--mirror", strings.Join(r.mirror, ","))
	}
	if r.way != "" {
		args = append(args, "--capture", r.way)
	}
	if r.length > 0 {
		args = append(args, "--for", r.length.String())
	}
	return args
}

func (s *settings) configured() []string {
	if s.file == "" {
		return nil
	}
	return []string{"-c", s.file}
}

// passHangups passes SIGHUP on to the parts that run, until the function that it returns
// is called.
func passHangups(parts ...*part) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			for _, p := range parts {
				p.signal(syscall.SIGHUP)
			}
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
	}
}

// exited is the outcome of a part that has said itself what went wrong.
func exited(code int) error {
	if code == 0 {
		return nil
	}
	return &exitError{max(code, exitBad), nil}
}

// children is where the parts write: what they and run say does not mix.
func (r *run) children() io.Writer {
	if f, ok := r.w.(*os.File); ok {
		return f
	}
	return &shared{r}
}

type shared struct{ r *run }

func (s *shared) Write(b []byte) (int, error) {
	s.r.screen.Lock()
	defer s.r.screen.Unlock()
	return s.r.w.Write(b)
}

// alone captures in this very process, for a parent that is not run.
func (r *run) alone(ctx context.Context, state string) error {
	r.say("brandmelder %s, configuration %s, state in %s", version, r.Hash(), state)
	return r.capture(ctx, state)
}
