package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// ErrSetup says that a person has to change something: a key, a right, an address.
var ErrSetup = errors.New("the configuration is wrong")

// Errors of a whole batch, by what is known of its documents; after ErrSetup none is
// stored either.
var (
	errUnsent  = errors.New("nothing was sent")   // none is stored
	errUnknown = errors.New("it may be stored")   // each may be stored or not
	errBusy    = errors.New("the server is busy") // none is stored
	errTooBig  = errors.New("the batch is too large")
	errForm    = errors.New("a document has no valid form")
)

// verdict is what the server says of one document.
type verdict struct {
	status int
	failed bool // it went to the failure store: stored, but where nobody looks
	fault  fault
}

// bulk sends documents in one request. It returns exactly one verdict for each, or
// an error that wraps one of the errors of a whole batch.
func (c *Client) bulk(ctx context.Context, namespace string, docs []*event.Doc) ([]verdict, error) {
	sent := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent = true }})
	if _, err := c.Hello(ctx); err != nil {
		return nil, hello(err)
	}
	sent = false
	request := esapi.BulkRequest{
		Body:       bytes.NewReader(bulkBody(namespace, docs)),
		FilterPath: []string{"errors", "items.*._id", "items.*.status", "items.*.error", "items.*.failure_store"},
		Header:     http.Header{"Content-Type": {"application/x-ndjson"}},
	}
	answer, err := request.Do(ctx, c)
	if err != nil && !sent {
		return nil, fmt.Errorf("%w: %w", errUnsent, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnknown, err)
	}
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		return nil, refusal(answer.StatusCode, answer.Header, body)
	}
	verdicts, err := verdictsOf(body, docs)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnknown, err)
	}
	return verdicts, nil
}

// hello sorts what went wrong before anything was sent.
func hello(err error) error {
	if r := (*Refused)(nil); errors.As(err, &r) && r.Status < 500 && r.Status != http.StatusTooManyRequests {
		return fmt.Errorf("%w: %w", ErrSetup, err)
	}
	return fmt.Errorf("%w: %w", errUnsent, err)
}

// refusal sorts an answer that speaks of the whole request.
func refusal(status int, header http.Header, body []byte) error {
	var in struct{ Error json.RawMessage }
	json.Unmarshal(body, &in)
	why := &Refused{status, whatSaid(status, header, body)}
	kind := ErrSetup
	switch {
	case status == http.StatusTooManyRequests:
		kind = errBusy
	case status == http.StatusRequestEntityTooLarge:
		kind = errTooBig
	case status == http.StatusBadRequest && len(in.Error) > 0 && parseFault(in.Error).Type != "media_type_header_exception":
		kind = errForm
	case status == http.StatusForbidden && parseFault(in.Error).Type == blocked:
		kind = errBusy
	case status >= 500, status < 300, status == http.StatusRequestTimeout:
		kind = errUnknown // a proxy gave up waiting, or said so for it
	}
	return fmt.Errorf("%w: %w", kind, why)
}

// bulkBody is the body of a request: an action and a document a line each.
func bulkBody(namespace string, docs []*event.Doc) []byte {
	room := 0
	for _, d := range docs {
		room += size(d)
	}
	b := make([]byte, 0, room)
	for _, d := range docs {
		b = append(b, `{"create":{"_index":`...)
		b = strconv.AppendQuote(b, streamName(d.Dataset, namespace))
		b = append(b, `,"_id":`...)
		b = strconv.AppendQuote(b, d.ID)
		b = append(b, "}}\n"...)
		b = append(b, d.JSON...)
		b = append(b, '\n')
	}
	return b
}

// streamName is the data stream of a dataset.
func streamName(dataset, namespace string) string {
	return "logs-brandmelder." + dataset + "-" + namespace
}

// size is what a document takes of a request, about.
func size(d *event.Doc) int { return len(d.JSON) + len(d.ID) + 100 }

// verdictsOf reads the answer strictly: one verdict a document, in their order, each
// about the document that stands there. Anything else says nothing at all.
func verdictsOf(body []byte, docs []*event.Doc) ([]verdict, error) {
	var in struct {
		Items []map[string]struct {
			ID           string          `json:"_id"`
			Status       int             `json:"status"`
			FailureStore string          `json:"failure_store"`
			Error        json.RawMessage `json:"error"`
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("the answer is not one to a bulk request: %s", excerpt(body))
	}
	if len(in.Items) != len(docs) {
		return nil, fmt.Errorf("the answer has %d verdicts for %d documents", len(in.Items), len(docs))
	}
	list := make([]verdict, len(docs))
	for i, item := range in.Items {
		said, ok := item["create"]
		if !ok || len(item) != 1 || said.ID != docs[i].ID || said.Status < 200 || said.Status > 599 {
			return nil, fmt.Errorf("verdict %d of the answer is not about the document that was sent", i+1)
		}
		list[i] = verdict{status: said.Status, failed: said.FailureStore == "used"}
		if said.Error != nil {
			list[i].fault = parseFault(said.Error)
		}
	}
	return list, nil
}
