package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// errMayNotAsk says that the key may not read its own stream.
var errMayNotAsk = errors.New("the key may not read what it wrote")

// stored finds which documents are in their stream, whatever index behind it they are
// in: an id is unique in one index only, so that sending again after a rollover would
// store a second one.
func (c *Client) stored(ctx context.Context, namespace string, docs []*event.Doc) (map[*event.Doc]bool, error) {
	byStream := map[string][]*event.Doc{}
	for _, d := range docs {
		name := streamName(d.Dataset, namespace)
		byStream[name] = append(byStream[name], d)
	}
	found := map[*event.Doc]bool{}
	for name, docs := range byStream {
		ids, err := c.ids(ctx, name, docs)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			if ids[d.ID] {
				found[d] = true
			}
		}
	}
	return found, nil
}

// ids asks one stream. A part of it that does not answer makes the answer worthless.
func (c *Client) ids(ctx context.Context, stream string, docs []*event.Doc) (map[string]bool, error) {
	values := make([]string, len(docs))
	for i, d := range docs {
		values[i] = d.ID
	}
	query, err := json.Marshal(map[string]any{
		"query": map[string]any{"ids": map[string]any{"values": values}},
		"size":  min(10_000, 4*len(docs)), "_source": false,
	})
	if err != nil {
		return nil, err
	}
	yes, no := true, false
	answer, err := esapi.SearchRequest{
		Index: []string{stream}, Body: bytes.NewReader(query), IgnoreUnavailable: &yes, AllowPartialSearchResults: &no,
		FilterPath: []string{"timed_out", "_shards.failed", "hits.hits._id"},
	}.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	body, _ := io.ReadAll(answer.Body)
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusForbidden:
		return nil, errMayNotAsk
	case http.StatusNotFound:
		return nil, nil // no stream, so nothing in it
	default:
		return nil, &Refused{answer.StatusCode, whatSaid(answer.StatusCode, answer.Header, body)}
	}
	var in struct {
		TimedOut *bool                `json:"timed_out"`
		Shards   struct{ Failed int } `json:"_shards"`
		Hits     struct {
			Hits []struct {
				ID string `json:"_id"`
			}
		}
	}
	if err := json.Unmarshal(body, &in); err != nil || in.TimedOut == nil || *in.TimedOut || in.Shards.Failed > 0 {
		return nil, fmt.Errorf("elasticsearch: which documents are stored cannot be told: %s", excerpt(body))
	}
	ids := map[string]bool{}
	for _, h := range in.Hits.Hits {
		ids[h.ID] = true
	}
	return ids, nil
}
