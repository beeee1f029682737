package check

func init() {
	register(Spec{Name: "outputs", Doc: "outputs over the network other than Elasticsearch: their settings, and the files that these name", Run: outputs})
}

// Refused is an output that cannot be opened as it is configured, and why.
type Refused struct {
	Name string
	Err  error
}

func outputs(e *Env) (found []Problem) {
	for _, r := range e.Refused {
		found = append(found, Problem{
			About: r.Name,
			What:  say("%v", "%v", r.Err),
			Lost: say("delivery: ship does not start with it, and documents wait in the journal; run goes on",
				"bezorging: ship start er niet mee, en documenten wachten in het journaal; run gaat door"),
			Mend: "sudoedit " + e.File,
		})
	}
	return found
}
