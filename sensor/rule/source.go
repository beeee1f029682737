package rule

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/strict"
)

// logsource is where a rule looks, in Sigma's words.
type logsource struct {
	Category   string `yaml:"category"`
	Product    string `yaml:"product"`
	Service    string `yaml:"service"`
	Definition string `yaml:"definition"`
}

// source is what a logsource means here: kinds of events, and Sigma's names of
// their fields. The paths of the records can always be used.
type source struct {
	kinds  []string
	names  map[string]string // of Sigma's taxonomy, to the path
	tables []*event.Table    // of the kinds, and that of the conversation
}

// own is the logsource for rules in the record's own words: service is the kind.
const own = "brandmelder"

var flowKinds = []string{"flow.end"}

// sources maps Sigma's logsources: category, product and service with bars between.
var sources = map[string]source{
	"dns||":                {kinds: []string{"dns"}, names: dnsNames},
	"|zeek|dns":            {kinds: []string{"dns"}, names: dnsNames},
	"proxy||":              {kinds: []string{"http"}, names: httpNames},
	"webserver||":          {kinds: []string{"http"}, names: httpNames},
	"|zeek|http":           {kinds: []string{"http"}, names: httpNames},
	"|zeek|kerberos":       {kinds: []string{"kerberos"}, names: kerberosNames},
	"|zeek|dce_rpc":        {kinds: []string{"rpc"}, names: rpcNames},
	"|zeek|smb_files":      {kinds: []string{"smb"}, names: smbNames},
	"|zeek|x509":           {kinds: []string{"tls"}, names: tlsNames},
	"|zeek|ssl":            {kinds: []string{"tls"}, names: tlsNames},
	"firewall||":           {kinds: flowKinds, names: flowNames},
	"|zeek|conn":           {kinds: flowKinds, names: flowNames},
	"network_connection||": {kinds: flowKinds, names: flowNames},
	"authentication||":     {kinds: []string{"auth"}, names: authNames},
}

var (
	flowNames = map[string]string{
		"src_ip": "source.ip", "src_port": "source.port", "dst_ip": "destination.ip", "dst_port": "destination.port",
		"id.orig_h": "source.ip", "id.orig_p": "source.port", "id.resp_h": "destination.ip", "id.resp_p": "destination.port",
	}
	dnsNames = with(flowNames, map[string]string{
		"query": "dns.question.name", "QueryName": "dns.question.name", "record_type": "dns.question.type", "qtype_name": "dns.question.type",
		"rcode_name": "dns.response_code", "answer_ip": "dns.resolved_ip",
	})
	httpNames = with(flowNames, map[string]string{
		"c-uri": "url.path", "uri": "url.path", "cs-uri-stem": "url.path", "c-uri-extension": "url.extension", "c-useragent": "user_agent.original",
		"user_agent": "user_agent.original", "cs-user-agent": "user_agent.original", "cs-host": "url.domain", "host": "url.domain", "r-dns": "url.domain",
		"cs-method": "http.request.method", "method": "http.request.method", "sc-status": "http.response.status_code", "status_code": "http.response.status_code",
	})
	kerberosNames = with(flowNames, map[string]string{"request_type": "brandmelder.kerberos.request", "error_msg": "brandmelder.kerberos.error"})
	rpcNames      = with(flowNames, map[string]string{"endpoint": "brandmelder.rpc.interface", "operation": "brandmelder.rpc.operation"})
	smbNames      = with(flowNames, map[string]string{"name": "file.path", "path": "brandmelder.smb.share.name", "action": "brandmelder.smb.command"})
	tlsNames      = with(flowNames, map[string]string{"server_name": "tls.client.server_name", "ja3": "tls.client.ja3", "ja3s": "tls.server.ja3s", "subject": "tls.server.subject", "issuer": "tls.server.issuer"})
	authNames     = with(flowNames, map[string]string{"User": "user.name", "user": "user.name"})
)

func with(base, more map[string]string) map[string]string {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

// find says what a logsource means, with the tables of its kinds.
func (l logsource) find(n *yaml.Node, words Words) (*source, error) {
	s, ok := sources[l.Category+"|"+l.Product+"|"+l.Service]
	if l.Product == own && l.Category == "" {
		kind := l.Service
		if words[kind] == nil {
			return nil, strict.At(n, "%s", strict.Unknown("service", kind, slices.Sorted(maps.Keys(words))))
		}
		s, ok = source{kinds: []string{kind}, names: flowNames}, true
	}
	if !ok {
		return nil, strict.At(n, "logsource category %q, product %q, service %q is not seen on a network, or not known here: use product: %s with the kind of record as service, product: zeek with service %s, or category %s",
			l.Category, l.Product, l.Service, own, strings.Join(sourcesLike("|zeek|", ""), ", "), strings.Join(sourcesLike("", "||"), ", "))
	}
	for _, kind := range s.kinds {
		s.tables = append(s.tables, words[kind])
	}
	s.tables = append(s.tables, (&event.Flow{}).Table())
	return &s, nil
}

// sourcesLike are the sources whose name begins and ends so, by what is between.
func sourcesLike(begin, end string) (names []string) {
	for name := range sources {
		if strings.HasPrefix(name, begin) && strings.HasSuffix(name, end) {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(name, begin), end))
		}
	}
	slices.Sort(names)
	return names
}

// field is the path of a name and what it is in the records.
func (s *source) field(n *yaml.Node, name string) (path string, f *event.Field, err error) {
	path = name
	if mapped, ok := s.names[name]; ok {
		path = mapped
	}
	for _, t := range s.tables {
		if f := t.Lookup(path); f != nil {
			return path, f, nil
		}
	}
	return "", nil, strict.At(n, "%s", strict.Unknown("field", name, s.all()))
}

// all names that a rule may use here.
func (s *source) all() (out []string) {
	for _, t := range s.tables {
		out = append(out, t.Paths()...)
	}
	return slices.AppendSeq(out, maps.Keys(s.names))
}
