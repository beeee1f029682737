package ingest

import (
	"fmt"
	"slices"
	"strconv"
)

// Names of what is installed. What a customer may change has @custom in its name,
// and is never written by us.
const (
	settingsName = "brandmelder@settings"
	pipelineName = "brandmelder@final"
	customName   = "brandmelder@custom"
)

// Asset is one thing that stands on the server: what GET reads and PUT writes.
type Asset struct {
	Path string // of the API
	Body object
}

// Plan is what has to stand on a server with these abilities: shared assets, and
// those of a tenant where one is given.
func (a *Abilities) Plan(datasets []Dataset, tenant *Tenant) ([]Asset, error) {
	var plan []Asset
	for _, days := range ages(datasets) {
		plan = append(plan, a.age(days)...)
	}
	plan = append(plan, Asset{Path: "_ingest/pipeline/" + pipelineName, Body: a.pipeline()})
	plan = append(plan, a.component(settingsName, object{"settings": a.settings()}))
	if tenant != nil {
		plan = append(plan, a.component(tenant.component(), object{"mappings": a.constants(tenant)}))
	}
	for _, d := range datasets {
		mapping, err := a.mapping(d)
		if err != nil {
			return nil, err
		}
		if n := fieldCount(mapping); n > maxFields {
			return nil, fmt.Errorf("dataset %s has %d fields, and an index takes %d", d.Name, n, maxFields)
		}
		plan = append(plan, a.component(d.component(), object{"mappings": mapping}), a.template(d, nil))
		if tenant != nil {
			plan = append(plan, a.template(d, tenant))
		}
	}
	if a.Security {
		plan = append(plan, roles(tenant)...)
	}
	return plan, nil
}

func (d Dataset) component() string { return "brandmelder." + d.Name + "@mappings" }

func (t *Tenant) component() string { return "brandmelder-" + t.Namespace + "@tenant" }

func (a *Abilities) component(name string, template object) Asset {
	return Asset{Path: "_component_template/" + name, Body: object{"template": template, "_meta": meta()}}
}

func meta() object { return object{"managed_by": "brandmelder"} }

// template is the index template of a dataset, or of a tenant's data stream of it.
func (a *Abilities) template(d Dataset, t *Tenant) Asset {
	name, pattern, priority := "logs-brandmelder."+d.Name, "logs-brandmelder."+d.Name+"-*", datasetPriority
	parts := []string{settingsName, d.component(), ageName(d.Days)}
	if t != nil {
		name += "-" + t.Namespace
		pattern, priority = name, tenantPriority
		parts = append(parts, t.component())
	}
	if a.Lifecycle == "" {
		parts = slices.DeleteFunc(parts, func(s string) bool { return s == ageName(d.Days) })
	}
	body := object{
		"index_patterns": []any{pattern}, "priority": priority, "data_stream": object{}, "_meta": meta(),
	}
	if a.IgnoreMissing {
		custom := []string{customName, "logs-brandmelder." + d.Name + "@custom"}
		parts = append(parts, custom...)
		body["ignore_missing_component_templates"] = anys(custom)
		body["allow_auto_create"] = true
	}
	body["composed_of"] = anys(parts)
	return Asset{Path: "_index_template/" + name, Body: body}
}

func anys(list []string) (out []any) {
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

func (a *Abilities) settings() object {
	return object{"index": object{
		"codec": "best_compression", "refresh_interval": "5s", "final_pipeline": pipelineName,
		"mapping": object{"total_fields": a.fieldLimit()},
	}}
}

// fieldLimit lets an index of ours grow by nothing but what @custom maps.
func (a *Abilities) fieldLimit() object {
	if a.OpenSearch {
		return object{"limit": strconv.Itoa(maxFields)}
	}
	return object{"limit": strconv.Itoa(maxFields), "ignore_dynamic_beyond_limit": "true"}
}

// constants are what is the same in all documents of a tenant.
func (a *Abilities) constants(t *Tenant) object {
	root := object{"properties": object{}}
	for _, path := range []string{"organization.id", "data_stream.namespace"} {
		if err := place(root, path, a.constant(t.Namespace)); err != nil {
			panic(err) // two paths that do not meet
		}
	}
	return root
}

// ages are the different ages of the datasets, in days.
func ages(datasets []Dataset) (list []int) {
	for _, d := range datasets {
		if !slices.Contains(list, d.Days) {
			list = append(list, d.Days)
		}
	}
	slices.Sort(list)
	return list
}

func ageName(days int) string { return fmt.Sprintf("brandmelder-%dd", days) }

// maxRollover is when an index is ended at the latest, in days.
const maxRollover = 30

// age is what removes documents after so many days, counted from the end of their
// index: an index is ended after a fifth of the age.
func (a *Abilities) age(days int) []Asset {
	name := ageName(days)
	switch a.Lifecycle {
	case ILM:
		policy := object{"policy": object{"_meta": meta(), "phases": object{
			"hot": object{"actions": object{"rollover": object{
				"max_age": fmt.Sprintf("%dd", min(maxRollover, max(days/5, 1))), "max_primary_shard_size": "50gb",
			}}},
			"delete": object{"min_age": fmt.Sprintf("%dd", days), "actions": object{"delete": object{}}},
		}}}
		return []Asset{{Path: "_ilm/policy/" + name, Body: policy},
			a.component(name, object{"settings": object{"index": object{"lifecycle": object{"name": name}}}})}
	case StreamLifecycle:
		return []Asset{a.component(name, object{"lifecycle": object{"data_retention": fmt.Sprintf("%dd", days)}})}
	}
	return nil
}
