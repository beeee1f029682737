package delivery

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/ingest/fake"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/lasting"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// The parts of the test that are killed are this program again.
const (
	partIs   = "BRANDMELDER_TEST_PART"
	partDir  = "BRANDMELDER_TEST_DIR"
	partURL  = "BRANDMELDER_TEST_URL"
	partMark = "BRANDMELDER_TEST_MARK"
	killsAre = "BRANDMELDER_KILLS"
)

func TestMain(m *testing.M) {
	switch os.Getenv(partIs) {
	case "":
		os.Exit(m.Run())
	case "null":
		exit(null())
	case "writer":
		exit(write(os.Getenv(partDir), os.Getenv(partMark)))
	case "sender":
		exit(send(os.Getenv(partDir), os.Getenv(partURL)))
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

const tenant = "hosp_a"

// marked is a document whose content, and not its id, tells it apart.
func marked(mark string, n int) event.Doc {
	d := event.Doc{Dataset: "flow", ID: fmt.Sprint(mark, "-", n), Time: time.Now().UnixNano()}
	if n%5 == 0 {
		d.Dataset, d.Keep = "alert", event.Decisions
	}
	d.JSON = fmt.Appendf(nil, `{"@timestamp":"2026-11-01T10:00:00Z","data_stream":{"dataset":"brandmelder.%s","namespace":%q},"marker":"%s-%d"}`, d.Dataset, tenant, mark, n)
	return d
}

// write appends documents for ever, and says each one that the journal has promised to
// keep.
func write(dir, mark string) error {
	s, err := newShadow(filepath.Join(dir, "shadow"))
	if err != nil {
		return err
	}
	j, err := journal.OpenOn(s.disk(), filepath.Join(dir, "journal"))
	if err != nil {
		return err
	}
	for n := 0; ; {
		var docs []event.Doc
		for range 1 + rand.IntN(20) {
			docs = append(docs, marked(mark, n))
			n++
		}
		if err := j.Append(docs); err != nil {
			return err
		}
		for _, d := range docs {
			fmt.Println(d.ID)
		}
		time.Sleep(time.Millisecond)
	}
}

// send delivers until it is told to end.
func send(dir, url string) error {
	s, err := newShadow(filepath.Join(dir, "shadow"))
	if err != nil {
		return err
	}
	p := elasticPost(dir, url, s.disk())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return p.Run(context.Background(), ctx.Done())
}

type elastic struct{ *ingest.Sender }

func (elastic) Close() error { return nil }

func (e elastic) Doubtful() uint64 { return e.Count().Doubtful }

func elasticPost(dir, url string, disk lasting.Disk) *Post {
	quick := ingest.Backoff{First: 2 * time.Millisecond, Most: 20 * time.Millisecond}
	return &Post{
		Name: "soc", Journal: filepath.Join(dir, "journal"), Dir: filepath.Join(dir, "ship", "soc"), Disk: disk, Backoff: quick,
		Choice: output.Choice{What: output.Everything}, Say: func(string, ...any) {},
		Open: func(env output.Env) (output.Sink, error) {
			c, err := ingest.Open(ingest.Settings{Hosts: []string{url}, Timeout: 5 * time.Second})
			if err != nil {
				return nil, err
			}
			return elastic{ingest.NewSender(c, ingest.Options{Namespace: tenant, Visible: 300 * time.Millisecond, Backoff: quick, Dead: env.Dead, Note: env.Note})}, nil
		},
	}
}

// victims are the two processes, and what the writer was promised.
type victims struct {
	*testing.T
	dir, url string
	mu       sync.Mutex
	promised map[string]bool
	marks    int
	reading  sync.WaitGroup
}

func (v *victims) start(what string) *exec.Cmd {
	v.Helper()
	c := exec.Command(os.Args[0])
	v.marks++
	c.Env = append(os.Environ(), partIs+"="+what, partDir+"="+v.dir, partURL+"="+v.url, fmt.Sprint(partMark, "=m", v.marks))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		v.Fatal(err)
	}
	if err := c.Start(); err != nil {
		v.Fatal(err)
	}
	v.reading.Go(func() { v.listen(out) })
	return c
}

func (v *victims) listen(out io.Reader) {
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return // what was not said whole was not promised
		}
		v.mu.Lock()
		v.promised[line[:len(line)-1]] = true
		v.mu.Unlock()
	}
}

// kills is how many each process suffers: few in a quick run.
func kills(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv(killsAre)); err == nil {
		return n
	}
	return 6
}

// Writer and sender are killed at any moment, the power is cut, the server fails in every
// way that it can, and its streams roll over whenever nobody knows what was stored: what
// was promised is stored, once, by content; what was not promised is stored at most once.
func TestKilledAndCut(t *testing.T) {
	server := fake.New()
	server.Lag, server.Roll = 100*time.Millisecond, true
	server.Chaos(1)
	web := httptest.NewServer(server)
	defer web.Close()
	v := &victims{T: t, dir: t.TempDir(), url: web.URL, promised: map[string]bool{}}
	s, err := newShadow(filepath.Join(v.dir, "shadow"))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for n := range kills(t) {
		writer, sender := v.start("writer"), v.start("sender")
		for range 1 + random.IntN(2) { // one of them alone, and at last both
			time.Sleep(time.Duration(30+random.IntN(300)) * time.Millisecond)
			if random.IntN(2) == 0 {
				sender.Process.Kill()
				sender.Wait()
				sender = v.start("sender")
			}
		}
		time.Sleep(time.Duration(20+random.IntN(500)) * time.Millisecond)
		writer.Process.Kill()
		sender.Process.Kill()
		v.reading.Wait()
		errors.Join(writer.Wait(), sender.Wait())
		if n%2 == 0 {
			if err := s.cut(filepath.Join(v.dir, "journal")); err != nil {
				t.Fatal(err)
			}
			if err := s.cut(filepath.Join(v.dir, "ship")); err != nil {
				t.Fatal(err)
			}
		}
	}
	server.Calm()
	stop := make(chan struct{})
	close(stop)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Duration(kills(t))*time.Second) // for what the killed ones left
	defer cancel()
	if err := elasticPost(v.dir, v.url, lasting.Disk{}).Run(ctx, stop); err != nil || ctx.Err() != nil {
		t.Fatal(err, ctx.Err())
	}
	v.compare(server)
	t.Logf("%d promised, %d requests, faults %v", len(v.promised), server.Requests(), server.Served())
}

// compare looks at the content of what is stored.
func (v *victims) compare(server *fake.Server) {
	v.Helper()
	stored := map[string]int{}
	for _, name := range server.Streams() {
		for _, source := range server.Documents(name) {
			var d struct{ Marker string }
			if err := json.Unmarshal(source, &d); err != nil {
				v.Fatal(err)
			}
			stored[d.Marker]++
		}
	}
	lost, twice := 0, 0
	for mark := range v.promised {
		if stored[mark] == 0 {
			lost++
		}
	}
	for _, n := range stored {
		if n > 1 {
			twice++
		}
	}
	if lost+twice > 0 || len(v.promised) == 0 {
		v.Errorf("of %d promised %d are lost, %d of %d are stored twice", len(v.promised), lost, twice, len(stored))
	}
	if r := server.Refused(); len(r) > 0 {
		v.Errorf("malformed: %v", r)
	}
	sum, err := both(filepath.Join(v.dir, "journal"), filepath.Join(v.dir, "ship", "soc"))
	if err != nil || !sum.Adds() || sum.Pending > 0 {
		v.Errorf("%s %v", sum.Told(), err)
	}
}
