package event

// ECSVersion is the version of the Elastic Common Schema that documents follow.
const ECSVersion = "9.4.0"

// Observer is the sensor that writes a document.
type Observer struct {
	Name      string // from the config; "replay" in a replay, so that it is the same on every machine
	Version   string // "" in a replay
	Namespace string // tenant: the last part of the data stream's name
	Salt      []byte // of the ids of what is seen, so that no two sensors of a tenant give the same; nil in a replay
	Exercise  string // interface on which the exercise plays, "" none
}

// ExerciseTag marks documents of the exercise: nobody has to answer them.
const ExerciseTag = "exercise"

// Tags marks what was seen on an interface.
func (o *Observer) Tags(ingress string) []string {
	if ingress == "" || ingress != o.Exercise {
		return nil
	}
	return []string{ExerciseTag}
}

// Header is the part that every document begins with.
type Header struct {
	Time     int64  // @timestamp, ns
	Kind     string // ECS event.kind: event, alert, metric, state
	Dataset  string // "dns", "alert" …
	Action   string // "flow-end", "alert-updated" …, "" none
	ID       string
	Category []string // ECS event.category
	Type     []string // ECS event.type
	Tags     []string
	Observer *Observer
}

// HeaderTable is the table of Header.
var HeaderTable = NewTable("header", "What every document begins with.",
	Time("@timestamp", Technical, "packet time", func(h *Header) int64 { return h.Time }),
	String("ecs.version", Technical, "version of the schema", func(*Header) (string, bool) { return ECSVersion, true }),
	String("event.kind", Technical, "event, alert, metric or state", func(h *Header) (string, bool) { return h.Kind, true }),
	String("event.module", Technical, "always brandmelder", func(*Header) (string, bool) { return "brandmelder", true }),
	String("event.dataset", Technical, "brandmelder.<dataset>", func(h *Header) (string, bool) { return "brandmelder." + h.Dataset, true }),
	String("event.action", Technical, "what happened, in one word", func(h *Header) (string, bool) { return h.Action, h.Action != "" }),
	String("event.id", Technical, "the same in every replay of the same packets", func(h *Header) (string, bool) { return h.ID, h.ID != "" }),
	Strings("event.category", Technical, "ECS category", func(h *Header) []string { return h.Category }),
	Strings("event.type", Technical, "ECS type", func(h *Header) []string { return h.Type }),
	Strings("tags", Technical, "exercise: played by the sensor itself", func(h *Header) []string { return h.Tags }),
	String("data_stream.type", Technical, "always logs", func(*Header) (string, bool) { return "logs", true }),
	String("data_stream.dataset", Technical, "brandmelder.<dataset>", func(h *Header) (string, bool) { return "brandmelder." + h.Dataset, true }),
	String("data_stream.namespace", Technical, "tenant", func(h *Header) (string, bool) { return h.Observer.Namespace, true }),
	String("observer.name", Technical, "name of the sensor", func(h *Header) (string, bool) { return h.Observer.Name, true }),
	String("observer.vendor", Technical, "always Brandmelder", func(*Header) (string, bool) { return "Brandmelder", true }),
	String("observer.type", Technical, "always sensor", func(*Header) (string, bool) { return "sensor", true }),
	String("observer.version", Technical, "version of the sensor", func(h *Header) (string, bool) { return h.Observer.Version, h.Observer.Version != "" }),
)

func (*Header) Table() *Table { return HeaderTable }
