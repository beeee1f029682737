package delivery

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/lasting"
)

// null answers every bulk request as if all were stored, in a process of its own.
func null() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		if r.URL.Path == "/" {
			fmt.Fprint(w, `{"version":{"number":"8.19.13"}}`)
			return
		}
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				return
			}
			body = z
		}
		text, _ := io.ReadAll(body)
		w.Write(approve(text))
	}))
}

// approve is the answer that stores everything.
func approve(body []byte) []byte {
	answer := []byte(`{"errors":false,"items":[`)
	for n := 0; len(body) > 0; n++ {
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		if n%2 == 0 {
			_, id, _ := bytes.Cut(line, []byte(`"_id":`))
			if n > 0 {
				answer = append(answer, ',')
			}
			answer = append(answer, `{"create":{"_id":`...)
			answer = append(append(answer, bytes.TrimRight(id, "}")...), `,"status":201}}`...)
		}
		body = rest
	}
	return append(answer, "]}"...)
}

// nullServer starts it and returns its address.
func nullServer(b *testing.B) string {
	b.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), partIs+"=null")
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Process.Kill(); c.Wait() })
	var url string
	if _, err := fmt.Fscanln(out, &url); err != nil {
		b.Fatal(err)
	}
	return url
}

// cpu is the processor time that this process has used, in seconds.
func cpu() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// BenchmarkShip drains a journal of flows of 700 bytes into a server that takes all, with
// one processor. What it reports: documents a second by the clock, documents a second of
// processor time, and the memory in use at the end.
func BenchmarkShip(b *testing.B) {
	const events = 200_000
	dir := b.TempDir()
	url := nullServer(b)
	j, err := journal.Open(filepath.Join(dir, "journal"))
	if err != nil {
		b.Fatal(err)
	}
	filler := strings.Repeat("0123456789 abcdef", 30)
	for n := 0; n < events; {
		var docs []event.Doc
		for range 2000 {
			docs = append(docs, event.Doc{Dataset: "flow", ID: fmt.Sprintf("%024x", n), Time: int64(n), JSON: fmt.Appendf(nil,
				`{"@timestamp":"2026-11-01T10:00:00.000000Z","data_stream":{"type":"logs","dataset":"brandmelder.flow","namespace":"hosp_a"},"event":{"id":"%024x","action":"flow-end"},"x":%q}`, n, filler)})
			n++
		}
		if err := j.Append(docs); err != nil {
			b.Fatal(err)
		}
	}
	j.Close()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var used float64
	for n := 0; b.Loop(); n++ {
		began := cpu()
		p := elasticPost(dir, url, lasting.Disk{})
		p.Backoff, p.Dir = ingest.DefaultBackoff, filepath.Join(dir, fmt.Sprint("ship", n))
		stop := make(chan struct{})
		close(stop)
		if err := p.Run(b.Context(), stop); err != nil {
			b.Fatal(err)
		}
		used += cpu() - began
		var o health.Output
		if err := Tell(&o, p.Journal, p.Dir); err != nil || o.Both().Acknowledged != events || !o.Both().Adds {
			b.Fatalf("%s %v", o.Both(), err)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "docs/s")
	b.ReportMetric(events*float64(b.N)/used, "docs/cpu-s")
	b.ReportMetric(float64(m.Sys)/1e6, "MB")
}
