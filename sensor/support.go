package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/config"
)

func supportCommand() *cobra.Command {
	var s support
	c := &cobra.Command{
		Use:   "support",
		Short: "a bundle for who helps you, without secrets and names",
		Long: "Support writes one file with what is needed to find out what is wrong: version, status, configuration,\n" +
			"check, machine and the latest log. No secret is in it; names of people and hosts, and addresses, are\n" +
			"codes that only this sensor can tell. It sends nothing: look at it, and send it yourself.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.bundle(c.OutOrStdout()) },
	}
	c.Flags().StringVar(&s.out, "out", "", "`file` to write; without it brandmelder-support-TIME.tar.gz here")
	s.flag(c)
	return c
}

// support is the verb's flags.
type support struct {
	settings
	out   string
	files []supportFile
}

type supportFile struct {
	name, about string
	text        string
}

func (s *support) add(name, about, text string) {
	s.files = append(s.files, supportFile{name, about, text})
}

// bundle gathers, writes and says what it wrote. What cannot be had is said in its
// place: a sensor that is broken is what a bundle is for.
func (s *support) bundle(w io.Writer) error {
	wrong := s.load()
	if wrong != nil {
		s.Config = config.Default()
	}
	state, err := s.state()
	if err != nil {
		return err
	}
	r, err := s.newRedactor(state)
	if err != nil {
		return err
	}
	r.learn(state, filepath.Dir(s.file), os.Getenv("HOME"))
	s.configuration(r, wrong)
	s.status(r)
	s.add("check.json", "what `check` finds, without a look at the traffic", r.text(s.checked()))
	s.add("machine.txt", "kernel, processors, memory, interfaces without their addresses", machine(state))
	s.add("files.txt", "names and sizes of the files of the state", r.text(tree(state)+tree(shipDir(state))))
	s.add("stacks.txt", "what the goroutines of run do", s.stacks(state))
	s.add("log.txt", "the latest of both services, without what alerts say", logs(r))
	if s.out == "" {
		s.out = "brandmelder-support-" + time.Now().Format("20060102-150405") + ".tar.gz"
	}
	if err := s.write(); err != nil {
		return fmt.Errorf("support: %w", err)
	}
	for _, f := range s.files {
		fmt.Fprintf(w, "%-20s %7d bytes  %s\n", f.name, len(f.text), f.about)
	}
	fmt.Fprintf(w, "\nwritten to %s\nlook at all of it before you send it:\n  tar -xzOf %s | less\n", s.out, s.out)
	return nil
}

// configuration comes first: what it holds must not be said elsewhere.
func (s *support) configuration(r *redactor, wrong error) {
	text := "# none: the defaults\n"
	if s.file != "" {
		b, err := os.ReadFile(s.file)
		if text = r.configuration(b); err != nil {
			text = "# cannot be read\n"
		}
	}
	if wrong != nil {
		text = "# not in force: " + r.log(wrong.Error()) + "\n" + text
	}
	s.add("version.txt", "of the program and what it was built with", fmt.Sprintf("brandmelder %s, %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH))
	s.add("configuration.yaml", "the configuration: figures and words of ours; all else is a code", text)
}

// status is the document that `status` prints. Its texts are redacted one by one.
func (s *support) status(r *redactor) {
	const about = "what `status --json` says"
	now, err := s.settings.status()
	if err != nil {
		s.add("status.json", about, r.log(err.Error())+"\n")
		return
	}
	now.Sensor = r.codes.Code(now.Sensor)
	if now.State != config.SystemState {
		now.State = r.codes.Code(now.State)
	}
	outputs := now.Outputs
	if now.Run != nil {
		outputs = append(outputs, now.Run.Shipped...)
	}
	for i := range outputs {
		o := &outputs[i]
		o.Where, o.Decisions.Error, o.Telemetry.Error = r.codes.Code(o.Where), r.log(o.Decisions.Error), r.log(o.Telemetry.Error)
	}
	now.Outputs = outputs[:len(now.Outputs)]
	if now.Run != nil {
		now.Run.Shipped = outputs[len(now.Outputs):]
	}
	for i := range now.Detectors.Lessons {
		now.Detectors.Lessons[i].Again = r.log(now.Detectors.Lessons[i].Again)
	}
	b, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		b = []byte(err.Error())
	}
	s.add("status.json", about, string(b)+"\n")
}

// checked is what check says; its own errors are its words as well.
func (s *support) checked() string {
	var text bytes.Buffer
	v := checking{settings: settings{file: s.file, system: s.system, etc: s.etc}, asJSON: true}
	if err := v.check(&text, nil); err != nil && text.Len() == 0 {
		return err.Error() + "\n"
	}
	return text.String()
}

func (s *support) stacks(state string) string {
	a, err := ask(state, asked{Ask: "stacks"})
	if err != nil {
		return "run does not answer\n"
	}
	return a.Stacks
}

// machine is what a sensor can be told by, without an address.
func machine(state string) string {
	var text strings.Builder
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		fmt.Fprintf(&text, "kernel %s %s %s\n", unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Version[:]), unix.ByteSliceToString(u.Machine[:]))
	}
	fmt.Fprintf(&text, "processors %d\n", runtime.NumCPU())
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		text.WriteString(strings.Join(strings.SplitAfterN(string(b), "\n", 4)[:3], ""))
	}
	var disk unix.Statfs_t
	if unix.Statfs(state, &disk) == nil {
		fmt.Fprintf(&text, "disk of the state: %s of %s free\n", size(int64(disk.Bavail)*disk.Bsize), size(int64(disk.Blocks)*disk.Bsize))
	}
	all, _ := net.Interfaces()
	for _, i := range all {
		driver, _ := os.Readlink("/sys/class/net/" + i.Name + "/device/driver")
		fmt.Fprintf(&text, "interface %s: mtu %d, %s, driver %s\n", i.Name, i.MTU, i.Flags, filepath.Base(driver))
	}
	return text.String()
}

// tree lists a directory with what is below it.
func tree(dir string) string {
	var text strings.Builder
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil {
			name, _ := filepath.Rel(dir, path)
			fmt.Fprintf(&text, "%s %10d %s %s\n", info.Mode(), info.Size(), info.ModTime().UTC().Format(time.RFC3339), name)
		}
		return nil
	})
	return text.String()
}

// logs are the latest lines of the services, where there is a journal of systemd.
func logs(r *redactor) string {
	out, err := exec.Command("journalctl", "--no-pager", "--no-hostname", "-o", "short-iso", "-n", "2000", "-u", "brandmelder", "-u", "brandmelder-ship").Output()
	if err != nil {
		return "no journal of systemd here, or it may not be read\n"
	}
	var text strings.Builder
	for line := range strings.Lines(string(out)) {
		text.WriteString(r.log(strings.TrimRight(line, "\n")) + "\n")
	}
	return text.String()
}

// write makes the file, for its owner's eyes.
func (s *support) write() (err error) {
	f, err := os.OpenFile(s.out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	z := gzip.NewWriter(f)
	t := tar.NewWriter(z)
	for _, file := range s.files {
		h := &tar.Header{Name: "brandmelder-support/" + file.name, Mode: 0o600, Size: int64(len(file.text)), ModTime: time.Now()}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.WriteString(t, file.text); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}
