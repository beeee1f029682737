package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Fault is one way in which a bulk request fails.
type Fault string

// The faults. Those after CutAfter leave the client without knowing what was stored.
const (
	None          Fault = ""
	Busy          Fault = "429 for all"
	Unavailable   Fault = "503 before anything was done"
	Unauthorized  Fault = "401"
	Forbidden     Fault = "403 for all"
	Blocked       Fault = "403 of a block for all"
	Redirect      Fault = "302"
	NotFound      Fault = "404 of a proxy"
	CutBefore     Fault = "connection cut before anything was done"
	BusyItems     Fault = "429 for every third document"
	BlockedItems  Fault = "403 of a block for every third document"
	FailedItems   Fault = "503 for every third document"
	DeniedItems   Fault = "403 without the right for every third document"
	FailureStore  Fault = "every third document goes to the failure store"
	MissingItems  Fault = "404 for every third document"
	CutAfter      Fault = "connection cut after all was stored"
	CutMiddle     Fault = "connection cut in the middle of the answer"
	BadGateway    Fault = "502 after all was stored"
	Short         Fault = "a verdict is missing"
	Long          Fault = "a verdict too many"
	Swapped       Fault = "verdicts in another order"
	Empty         Fault = "200 with {}"
	Page          Fault = "200 with a page of HTML"
	Slow          Fault = "an answer of a byte a second"
	HalfOpen      Fault = "no answer at all after all was stored"
	AnswerOfOther Fault = "200 with an error in it"
)

// chaotic are the faults that a client overcomes by itself, in short time.
var chaotic = []Fault{Busy, Unavailable, CutBefore, BusyItems, BlockedItems, FailedItems, CutAfter, CutMiddle, BadGateway,
	Short, Long, Swapped, Empty, Page, AnswerOfOther, Blocked}

// Chaotic lists the faults of Chaos.
func Chaotic() []Fault { return append([]Fault(nil), chaotic...) }

// doubtful faults hide what was stored.
func (f Fault) doubtful() bool {
	switch f {
	case CutAfter, CutMiddle, BadGateway, Short, Long, Swapped, Empty, Page, Slow, HalfOpen, AnswerOfOther:
		return true
	}
	return false
}

// before answers without looking at the documents, if that is the fault.
func (f Fault) before(w http.ResponseWriter, _ *http.Request) bool {
	switch f {
	case Busy:
		fail(w, http.StatusTooManyRequests, "es_rejected_execution_exception", "rejected execution of coordinating operation")
	case Unavailable:
		fail(w, http.StatusServiceUnavailable, "master_not_discovered_exception", "")
	case Unauthorized:
		fail(w, http.StatusUnauthorized, "security_exception", "unable to authenticate")
	case Forbidden:
		fail(w, http.StatusForbidden, "security_exception", "action [indices:data/write/bulk] is unauthorized for API key")
	case Blocked:
		fail(w, http.StatusForbidden, "cluster_block_exception", "blocked by: [FORBIDDEN/12/index read-only / allow delete (api)]")
	case Redirect:
		w.Header().Set("Location", "https://login.example/")
		w.WriteHeader(http.StatusFound)
	case NotFound:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<html>no such page</html>")
	case CutBefore:
		cut(w)
	default:
		return false
	}
	return true
}

// item is the verdict that a fault has for the n-th document, nil for none.
func (f Fault) item(n int) *verdict {
	if n%3 != 0 {
		return nil
	}
	switch f {
	case BusyItems:
		return &verdict{Status: http.StatusTooManyRequests, Error: &fault{"es_rejected_execution_exception", "rejected"}}
	case BlockedItems:
		return &verdict{Status: http.StatusForbidden, Error: &fault{"cluster_block_exception", "index [x] blocked by: [FORBIDDEN/8/index write (api)]"}}
	case FailedItems:
		return &verdict{Status: http.StatusServiceUnavailable, Error: &fault{"unavailable_shards_exception", "primary shard is not active"}}
	case DeniedItems:
		return &verdict{Status: http.StatusForbidden, Error: &fault{"security_exception", "action is unauthorized"}}
	case FailureStore:
		return &verdict{Status: http.StatusCreated, FailureStore: "used"}
	case MissingItems:
		return &verdict{Status: http.StatusNotFound, Error: &fault{"index_not_found_exception", "no such index"}}
	}
	return nil
}

// after sends the verdicts, or what a fault makes of them.
func (f Fault) after(w http.ResponseWriter, r *http.Request, list []verdict) {
	switch f {
	case CutAfter:
		cut(w)
		return
	case HalfOpen:
		<-r.Context().Done()
		return
	case BadGateway:
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprint(w, "<html>bad gateway</html>")
		return
	case Page:
		fmt.Fprint(w, "<html>please log in</html>")
		return
	case Empty:
		fmt.Fprint(w, "{}")
		return
	case AnswerOfOther:
		fmt.Fprint(w, `{"error":"alias [x] has more than one index"}`)
		return
	case Short:
		list = list[1:]
	case Long:
		list = append(list, list[0])
	case Swapped:
		list[0].ID = "other"
	}
	text := render(list)
	switch f {
	case CutMiddle:
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		fmt.Fprint(w, text[:len(text)/2])
		w.(http.Flusher).Flush()
		cut(w)
	case Slow:
		drip(w, r, text)
	default:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, text)
	}
}

func render(list []verdict) string {
	var b strings.Builder
	b.WriteString(`{"errors":true,"items":[`)
	for i, v := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		item, _ := json.Marshal(map[string]verdict{"create": v})
		b.Write(item)
	}
	b.WriteString("]}")
	return b.String()
}

// drip sends a byte a second until the client has had enough.
func drip(w http.ResponseWriter, r *http.Request, text string) {
	for i := range len(text) {
		select {
		case <-r.Context().Done():
			return
		case <-time.After(time.Second):
			fmt.Fprint(w, text[i:i+1])
			w.(http.Flusher).Flush()
		}
	}
}

// cut ends the connection as a network does: with a reset.
func cut(w http.ResponseWriter) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		conn.Close()
		return
	}
	panic(http.ErrAbortHandler)
}
