package output

import (
	"errors"
	"strings"
	"time"

	"github.com/brandmelder/brandmelder/ingest"
)

func init() {
	register(Spec{
		Name: "elasticsearch", Doc: "Elasticsearch 8 and 9 or OpenSearch 2: a data stream for each dataset, nothing lost, nothing twice",
		Remote: true, What: Everything, Settings: func() Settings { return &Elasticsearch{Settings: ingest.Defaults(), Refresh: 5 * time.Second} }, Open: openElasticsearch,
	})
}

// Elasticsearch are the settings of this output.
type Elasticsearch struct {
	ingest.Settings `yaml:",inline"`
	Refresh         time.Duration `yaml:"refresh"` // refresh_interval of the streams
}

// Where names the hosts.
func (e *Elasticsearch) Where() string { return strings.Join(e.Hosts, " ") }

type elasticsearch struct {
	*ingest.Sender
	client *ingest.Client
}

func openElasticsearch(env Env, s Settings) (Sink, error) {
	e := s.(*Elasticsearch)
	if e.Refresh <= 0 {
		return nil, errors.New("elasticsearch: refresh: write the refresh_interval of the streams, such as 5s")
	}
	client, err := ingest.Open(e.Settings)
	if err != nil {
		return nil, err
	}
	return &elasticsearch{ingest.NewSender(client, ingest.Options{
		Namespace: env.Namespace, Visible: e.Refresh + time.Second, Dead: env.Dead, Note: env.Note,
	}), client}, nil
}

// Doubtful counts what was sent again although it may be stored.
func (e *elasticsearch) Doubtful() uint64 { return e.Count().Doubtful }

func (e *elasticsearch) Close() error { return e.client.Close() }
