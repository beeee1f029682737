package kibana

import "strconv"

// panel is one picture of a dashboard.
type panel struct {
	name       string // for its id; never shown
	en, nl     string // titles
	shape      shape
	query      Query
	by         []string // fields that it groups by; @timestamp is time
	measure    measure
	more       []measure // further columns of a table
	rows       int       // of a table, 10 otherwise
	search     string    // the saved search that it shows instead
	text       func(*Content) string
	x, y, w, h int // in Kibana's grid of 48 columns
}

// shape is how a panel looks.
type shape string

const (
	number shape = "lnsMetric"
	bars   shape = "lnsXY"
	curve  shape = "line"
	table  shape = "lnsDatatable"
)

// measure is what is counted: documents, or a function of a field.
type measure struct {
	function string // count, sum, max, unique_count or last_value
	field    string
	en, nl   string
	kind     string
}

// Kinds of measures.
const (
	figure = "number"
	word   = "string"
	date   = "date"
)

var count = measure{"count", "___records___", "Count", "Aantal", figure}

func (m measure) column(c *Content) object {
	o := object{
		"label": c.say(m.en, m.nl), "customLabel": true, "dataType": m.kind, "operationType": m.function, "isBucketed": false,
		"scale": "ratio", "sourceField": m.field, "params": object{"emptyAsNull": true},
	}
	if m.function == "last_value" {
		o["params"] = object{"sortField": "@timestamp"}
		o["filter"] = object{"query": m.field + " : *", "language": "kuery"}
	}
	if m.kind == word {
		o["scale"] = "ordinal"
	}
	return o
}

func (p *panel) bucket(field, orderBy string) object {
	if field == "@timestamp" {
		return object{
			"label": "@timestamp", "dataType": "date", "operationType": "date_histogram", "sourceField": field, "isBucketed": true,
			"scale": "interval", "params": object{"interval": "auto", "includeEmptyRows": true, "dropPartials": false},
		}
	}
	rows := p.rows
	if rows == 0 {
		rows = 10
	}
	return object{
		"label": field, "dataType": "string", "operationType": "terms", "sourceField": field, "isBucketed": true, "scale": "ordinal",
		"params": object{
			"size": rows, "orderBy": object{"type": "column", "columnId": orderBy}, "orderDirection": "desc",
			"otherBucket": false, "missingBucket": false, "parentFormat": object{"id": "terms"},
		},
	}
}

const layer = "one"

// lens is the panel as an object by value.
func (p *panel) lens(c *Content) object {
	columns, order := object{}, []any{}
	for i, field := range p.by {
		id := "by" + strconv.Itoa(i)
		columns[id] = p.bucket(field, "value0")
		order = append(order, id)
	}
	for i, m := range append([]measure{p.measure}, p.more...) {
		id := "value" + strconv.Itoa(i)
		columns[id] = m.column(c)
		order = append(order, id)
	}
	kind := p.shape
	if kind == curve {
		kind = bars
	}
	return object{
		"title": "", "type": "lens", "visualizationType": string(kind),
		"references": []any{object{"type": "index-pattern", "id": c.viewID(), "name": "indexpattern-datasource-layer-" + layer}},
		"state": object{
			"query": object{"query": p.query.KQL(), "language": "kuery"}, "filters": []any{}, "internalReferences": []any{}, "adHocDataViews": object{},
			"datasourceStates": object{"formBased": object{"layers": object{layer: object{
				"columns": columns, "columnOrder": order, "incompleteColumns": object{}, "sampling": 1,
			}}}},
			"visualization": p.visualization(order),
		},
	}
}

func (p *panel) visualization(order []any) object {
	base := object{"layerId": layer, "layerType": "data"}
	switch p.shape {
	case number:
		base["metricAccessor"] = "value0"
		return base
	case table:
		var columns []any
		for _, id := range order {
			columns = append(columns, object{"columnId": id})
		}
		base["columns"] = columns
		return base
	}
	kind := "bar_stacked"
	if p.shape == curve {
		kind = "line"
	}
	base["accessors"], base["seriesType"], base["xAccessor"], base["position"], base["showGridlines"] = []any{"value0"}, kind, "by0", "top", false
	if len(p.by) > 1 {
		base["splitAccessor"] = "by1"
	}
	return object{
		"legend": object{"isVisible": true, "position": "right"}, "preferredSeriesType": kind, "valueLabels": "hide",
		"axisTitlesVisibilitySettings": object{"x": false, "yLeft": false, "yRight": true}, "layers": []any{base},
	}
}

// Fields are the fields that the panel reads.
func (p *panel) Fields() []string {
	list := append(p.query.Fields(), p.by...)
	for _, m := range append([]measure{p.measure}, p.more...) {
		if m.field != "" && m.field != count.field {
			list = append(list, m.field)
		}
	}
	return list
}
