package ingest

// streams are the data streams of a namespace.
func streams(namespace string) string { return "logs-brandmelder.*-" + namespace }

// roles are who may read: the analysts of a tenant, or a provider's of all.
func roles(t *Tenant) []Asset {
	if t == nil {
		return []Asset{role("brandmelder-provider", []any{
			object{"names": []any{streams("*")}, "privileges": []any{"read", "view_index_metadata"}},
		}, nil)}
	}
	signals := ".alerts-security.alerts-" + t.Space
	return []Asset{role("brandmelder-"+t.Namespace+"-analyst", []any{
		object{"names": []any{streams(t.Namespace)}, "privileges": []any{"read", "view_index_metadata"}},
		object{"names": []any{signals, ".internal" + signals + "-*"}, "privileges": []any{"read", "write", "view_index_metadata", "maintenance"}},
	}, []any{
		object{"application": "kibana-.kibana", "privileges": []any{"space_all"}, "resources": []any{"space:" + t.Space}},
	})}
}

func role(name string, indices, applications []any) Asset {
	if applications == nil {
		applications = []any{}
	}
	return Asset{Path: "_security/role/" + name, Body: object{
		"cluster": []any{}, "indices": indices, "applications": applications, "metadata": meta(),
	}}
}

// sensorRights are all that a sensor's key may do: add documents to the data
// streams of its own tenant, and read back its alerts, to find out whether one was
// stored when an answer was lost.
func sensorRights(t *Tenant) object {
	return object{"sensor": object{
		"cluster": []any{"monitor"},
		"indices": []any{
			object{"names": []any{streams(t.Namespace)}, "privileges": []any{"auto_configure", "create_doc"}},
			object{"names": []any{"logs-brandmelder.alert-" + t.Namespace}, "privileges": []any{"read"}},
		},
	}}
}
