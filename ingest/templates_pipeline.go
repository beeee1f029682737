package ingest

// The final pipeline says when a document came, and whose it is. A sensor's key
// carries its tenant and its name as metadata, which only the server can set: a
// document that claims another tenant is refused, one of another sensor is marked.
const originScript = `
String stream = ctx._index;
def claimed = ctx.data_stream == null ? null : ctx.data_stream.namespace;
if (claimed != null && !stream.endsWith('-' + claimed) && stream.startsWith('logs-brandmelder.')) {
  throw new IllegalArgumentException('tenant ' + claimed + ' does not write to ' + stream);
}
def organization = ctx.organization == null ? null : ctx.organization.id;
if (organization != null && !stream.endsWith('-' + organization) && stream.startsWith('logs-brandmelder.')) {
  throw new IllegalArgumentException('organization ' + organization + ' does not write to ' + stream);
}
def key = ctx._key == null || ctx._key.api_key == null ? null : ctx._key.api_key.metadata;
String origin = 'unknown';
if (key != null && key.sensor != null) {
  origin = ctx.observer != null && key.sensor == ctx.observer.name && stream.endsWith('-' + key.organization) ? 'verified' : 'mismatch';
}
if (ctx.brandmelder == null) { ctx.brandmelder = [:]; }
ctx.brandmelder.origin = origin;
ctx.remove('_key');
`

func (a *Abilities) pipeline() object {
	ingested := object{"field": "event.ingested", "copy_from": "_ingest.timestamp"}
	if a.OpenSearch {
		ingested = object{"field": "event.ingested", "value": "{{_ingest.timestamp}}"}
	}
	steps := []any{object{"set": ingested}}
	if a.Security && !a.OpenSearch {
		steps = append(steps, object{"set_security_user": object{"field": "_key", "properties": []any{"authentication_type", "api_key"}}})
	}
	steps = append(steps, object{"script": object{"lang": "painless", "source": originScript}})
	return object{"description": "Brandmelder: when a document came, and whose it is", "processors": steps}
}
