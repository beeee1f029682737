package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/delivery"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// remote reports whether an output needs the network: ship feeds it, and the process
// that captures never does.
func remote(o *config.Output) bool {
	s := output.Find(o.Name)
	return s != nil && s.Remote
}

func local(o *config.Output) bool { return !remote(o) }

func every(*config.Output) bool { return true }

// ships reports whether something needs the process that has the network.
func (s *settings) ships() bool {
	return s.Metrics != "" || slices.ContainsFunc(s.Outputs, func(o config.Output) bool { return remote(&o) })
}

// outputDir is where an output keeps how far it is and what it would not take.
func outputDir(state string, o *config.Output) string {
	if remote(o) {
		return filepath.Join(shipDir(state), o.Called())
	}
	return filepath.Join(state, "run", o.Called())
}

// shipDir is what ship writes: a directory of its own beside the state where a package
// has made one, since ship is another user there.
func shipDir(state string) string {
	if info, err := os.Stat(state + "-ship"); err == nil && info.IsDir() {
		return state + "-ship"
	}
	return filepath.Join(state, "ship")
}

// posts are what carries the journal to the outputs, those that need the network or
// the others.
func (s *settings) posts(far bool, state string, stdout io.Writer, say func(string, ...any)) (list []*delivery.Post, err error) {
	for i := range s.Outputs {
		o := &s.Outputs[i]
		if remote(o) != far {
			continue
		}
		p, err := s.post(o, state, stdout, say)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", o.Called(), err)
		}
		list = append(list, p)
	}
	return list, nil
}

// news are the notices of what befalls an output.
var news = map[delivery.News]*notice{delivery.Waits: noticeWaiting, delivery.GoesOn: noticeFlows, delivery.Buries: noticeDead}

func (s *settings) post(o *config.Output, state string, stdout io.Writer, say func(string, ...any)) (*delivery.Post, error) {
	own, err := o.Settings()
	if err != nil {
		return nil, err
	}
	spec := output.Find(o.Name)
	p := &delivery.Post{
		Name: o.Called(), Where: own.Where(), Journal: journalIn(state), Dir: outputDir(state, o),
		Choice: o.Choice(), Limit: o.Limit(), Single: spec.Single, Say: say,
		Env: output.Env{Stdout: stdout, Namespace: s.Namespace, Lang: s.Lang, Observer: s.observer().Name},
	}
	p.Tell = func(n delivery.News, format string, args ...any) { news[n].tell(say, format, args...) }
	p.Open = func(env output.Env) (output.Sink, error) { return spec.Open(env, own) }
	sink, err := p.Open(p.Env) // what is wrong is said before anything runs
	if err != nil {
		return nil, err
	}
	if err := sink.Close(); err != nil {
		return nil, err
	}
	if o.Sees() == config.Pseudonyms {
		seed, err := seedOf(state)
		if err != nil {
			return nil, err
		}
		codes, err := s.pseudonyms(seed)
		if err != nil {
			return nil, err
		}
		p.View = codes.Doc
	}
	return p, nil
}

// pseudonyms is the view for outputs outside of the institution.
func (s *settings) pseudonyms(seed []byte) (*output.Pseudonyms, error) {
	return output.NewPseudonyms(seed, pipeline.Tables(), func(d event.Document) { alert.Reword(s.Lang, d) })
}

// follow starts the posts; the function that it returns ends them, when the journal is
// complete or ctx has ended, and tells how each stands.
func follow(ctx context.Context, list []*delivery.Post) (finish func() []string) {
	stop := make(chan struct{})
	errs := make([]error, len(list))
	var running sync.WaitGroup
	for i, p := range list {
		running.Go(func() { errs[i] = p.Run(ctx, stop) })
	}
	return func() (lines []string) {
		close(stop)
		running.Wait()
		for i, p := range list {
			line, err := delivery.Line(p.Name, p.Where, p.Journal, p.Dir)
			if err == nil {
				err = errs[i]
			}
			if err != nil {
				line = p.Name + ": " + err.Error()
			}
			lines = append(lines, line)
		}
		return lines
	}
}
