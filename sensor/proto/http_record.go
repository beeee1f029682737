package proto

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// HTTP is one request with its response. Query, cookies and bodies are not in it.
type HTTP struct {
	Method, Version string
	Host            string // without port, lower case
	Port            int64  // where the request names it; 0 none
	Path            string // template: see template
	Extension       string // of the path or the attachment's name
	Query           int64  // bytes of the query string; -1 none
	Parameters      int64
	UserAgent       string
	Referrer        string // host only
	Server          string
	Auth            string // scheme, lower case
	User            string // of Basic and Digest
	FormUser        string
	Form            bool // a password field was posted
	Status          int64
	Type            [2]string // media type by Side
	Body            [2]int64  // bytes by Side
	Class           [2]string // by Side: what the first 16 bytes look like
	Entropy         float64   // bits per byte of the request body's first 4 KiB
	Printable       float64   // share of text in them, 0 to 1
	Miner           string    // call of a miner that the request's body makes
	proxy           bool      // User is the proxy's
	secret          bool      // Basic came with a password
	Languages       bool      // the client says which languages it wants, as every browser does
	Blob            bool      // the cookie is one base64 value without a name
	Target          int64     // bytes of path and query
	TargetEntropy   float64   // of them, bits per character
	Checksum        int64     // of a path of one plain word: sum of its bytes modulo 256; -1 none
	Encoded         bool      // the response's body is compressed, so its class says nothing
	Shell           string    // what a command answers, in the response's first lines
	Cookie          bool      // the client has a cookie
	Survey          string    // how the request describes the machine that it comes from: fields, list
	Coded           [2]bool   // by Side: the body is one text in base64 or hexadecimal
	Action          string    // of WS-Management, where the message is not sealed
	looked          bool
	json            bool     // the form came as JSON
	fresh           bool     // the response sets a cookie
	sent            redirect // where it leads
	shapes          suspicion
}

func newHTTP(method string) *HTTP { return &HTTP{Method: method, Query: -1, Checksum: -1} }

// Suspicious lists the attack shapes: jndi, sql, traversal, cmd, xss, code.
func (r *HTTP) Suspicious() []string { return r.shapes.names() }

// target reads the request target (RFC 9112, section 3.2).
func (r *HTTP) target(t string) {
	if r.Method == "CONNECT" {
		r.host(t)
		return
	}
	if _, rest, ok := strings.Cut(t, "://"); ok && !strings.HasPrefix(t, "/") {
		end := strings.IndexAny(rest+"/", "/?#")
		r.host(rest[:end])
		t = "/" + strings.TrimPrefix(rest[end:], "/")
	}
	t, _, _ = strings.Cut(t, "#")
	path, query, ok := strings.Cut(t, "?")
	if ok {
		r.survey("fields", surveyFields([]byte(query)))
		r.Query, r.Parameters = int64(len(query)), int64(strings.Count(query, "&"))
		if query != "" {
			r.Parameters++
		}
	}
	r.Path, r.Checksum = template(path), checksum8(path)
	r.Target, r.TargetEntropy = int64(len(t)), entropy([]byte(t), -1)
	r.Extension = extension(path)
}

func (r *HTTP) host(h string) {
	if i := strings.IndexAny(h, "/?#"); i >= 0 {
		h = h[:i] // no part of a host, and maybe a secret
	}
	if i := strings.LastIndexByte(h, '@'); i >= 0 {
		h = h[i+1:]
	}
	if name, port, ok := cutLast(h, ":"); ok && !strings.HasSuffix(h, "]") {
		h = name
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			r.Port = int64(n)
		}
	}
	r.Host = printable(strings.ToLower(strings.Trim(h[:min(len(h), 255)], "[]")))
}

func (r *HTTP) requestHeader(key, v string) {
	if key != "cookie" {
		r.shapes |= suspect([]byte(v))
	} else {
		s := suspect([]byte(v))
		r.shapes |= s & 1 // of cookies the injection into logs only, and CVE-2014-6271
		if strings.Contains(v, "() {") {
			r.shapes |= s
		}
	}
	switch key {
	case "host":
		if r.Host == "" {
			r.host(v)
		}
	case "user-agent":
		r.UserAgent = printable(v[:min(len(v), 512)])
		r.survey("list", surveyAgent(r.UserAgent))
	case "referer":
		if u, err := url.Parse(v); err == nil {
			r.Referrer = printable(u.Hostname())
		}
	case "content-type":
		r.Type[event.Client] = mediaType(v)
	case "accept-language":
		r.Languages = true
	case "cookie":
		r.Blob, r.Cookie = isBlob(v), true
		r.survey("list", surveyCookie(v))
	case "authorization":
		if !r.proxy {
			r.authorization(v)
		}
	case "proxy-authorization":
		r.authorization(v)
		r.proxy = true
	}
}

func (r *HTTP) responseHeader(key, v string) {
	switch key {
	case "server":
		r.Server = printable(v[:min(len(v), 256)])
	case "content-type":
		r.Type[event.Server] = mediaType(v)
	case "content-encoding":
		r.Encoded = !strings.EqualFold(v, "identity")
	case "content-disposition":
		_, name, _ := strings.Cut(v, "filename=")
		if e := extension(strings.Trim(name, `"; `)); e != "" {
			r.Extension = e
		}
	case "set-cookie":
		r.fresh = true
	case "location":
		r.sent = redirectOf(v)
	case "www-authenticate", "proxy-authenticate":
		if r.Auth == "" && (r.Status == 401 || r.Status == 407) {
			scheme, _, _ := strings.Cut(v, " ")
			r.Auth = authScheme(scheme)
		}
	}
}

func mediaType(v string) string {
	t, _, _ := strings.Cut(v, ";")
	return printable(strings.ToLower(strings.TrimSpace(t[:min(len(t), 128)])))
}

// authSchemes are those of the IANA registry and of practice. What is none of
// them may be a secret without a scheme in front.
var authSchemes = []string{"basic", "digest", "bearer", "ntlm", "negotiate", "kerberos", "oauth", "hawk", "hoba", "mutual", "dpop", "apikey", "token", "aws4-hmac-sha256", "credssp"}

func authScheme(s string) string {
	for _, known := range authSchemes {
		if strings.EqualFold(s, known) {
			return known
		}
	}
	return "other"
}

// authorization keeps the scheme and the user; the rest is a secret.
func (r *HTTP) authorization(v string) {
	scheme, rest, _ := strings.Cut(v, " ")
	r.Auth = authScheme(scheme)
	switch r.Auth {
	case "basic":
		plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
		if user, secret, ok := strings.Cut(string(plain), ":"); ok && err == nil {
			r.User, r.secret = printable(user[:min(len(user), 64)]), secret != ""
		}
	case "digest":
		_, after, _ := strings.Cut(rest, `username="`)
		user, _, _ := strings.Cut(after, `"`)
		r.User = printable(user[:min(len(user), 64)])
	}
}

// lookAt examines the first bytes of the request's body, which are not kept.
func (r *HTTP) lookAt(head []byte) {
	if len(head) == 0 {
		return
	}
	r.looked = true
	r.Class[event.Client] = bodyClass(head[:min(len(head), magicWindow)])
	r.Entropy, r.Printable = entropy(head, -1), printableShare(head)
	if r.Type[event.Client] == "application/x-www-form-urlencoded" {
		r.FormUser, r.Form = formLogin(head)
	}
	r.shapes |= suspect(head)
	r.Action = wsmanAction(head)
	r.Coded[event.Client] = isCoded(head)
	if r.Type[event.Client] == "multipart/form-data" {
		r.Class[event.Client] = bodyClass(partHead(head))
		r.survey("list", surveyParts(head))
	}
	r.survey("fields", surveyFields(head))
	if r.Class[event.Client] == "json" {
		r.Miner = minerCall(head)
		r.FormUser, r.Form = jsonLogin(head)
		r.json = r.Form
	}
}

// login is the attempt that the request was, or nil.
func (r *HTTP) login() *event.Login {
	l := &event.Login{Protocol: "http"}
	switch {
	case (r.Auth == "basic" || r.Auth == "digest") && r.User != "":
		l.Method, l.User, l.Clear = r.Auth, r.User, r.Auth == "basic" && r.secret
		if r.Status >= 200 && r.Status < 400 {
			l.Outcome = event.Success
		}
	case r.Form:
		l.Method, l.User, l.Clear, l.Outcome = "form", r.FormUser, true, r.formOutcome()
	default:
		return nil
	}
	if r.Status > 0 {
		l.Reason = strconv.FormatInt(r.Status, 10)
	}
	if r.Status == 401 || r.Status == 403 || r.Status == 407 {
		l.Outcome = event.Failure
	}
	l.Clear = l.Clear && r.Miner == "" // a pool pays whoever works: its password is none
	if r.proxy {
		l.Method = "proxy-" + l.Method
	}
	return l
}

var httpTable = event.NewTable("http", "HTTP requests with their responses.", httpFields()...).InBrief("http.request.method", "url.domain", "url.path", "http.response.status_code")

func (*HTTP) Table() *event.Table { return httpTable }

func httpFields() []event.Field {
	text := func(path, doc string, get func(*HTTP) string) event.Field {
		return event.String(path, event.Technical, doc, func(r *HTTP) (string, bool) { s := get(r); return s, s != "" })
	}
	count := func(path, doc string, get func(*HTTP) int64) event.Field {
		return event.Int(path, event.Technical, doc, func(r *HTTP) (int64, bool) { n := get(r); return n, n > 0 })
	}
	return []event.Field{
		text("http.request.method", "method", func(r *HTTP) string { return r.Method }),
		text("http.version", "HTTP version", func(r *HTTP) string { return r.Version }),
		text("url.domain", "host that was asked for", func(r *HTTP) string { return r.Host }),
		count("url.port", "port that the request names", func(r *HTTP) int64 { return r.Port }),
		event.Wildcard("url.path", event.Personal, "path with ids replaced", func(r *HTTP) (string, bool) { return r.Path, r.Path != "" }),
		text("url.extension", "ending of the path or the attachment", func(r *HTTP) string { return r.Extension }),
		event.Int("brandmelder.http.query.bytes", event.Technical, "bytes of the query string", func(r *HTTP) (int64, bool) { return r.Query, r.Query >= 0 }),
		count("brandmelder.http.query.parameters", "parameters of the query string", func(r *HTTP) int64 { return r.Parameters }),
		count("brandmelder.http.target.bytes", "bytes of path and query", func(r *HTTP) int64 { return r.Target }),
		event.Float("brandmelder.http.target.entropy", event.Technical, "of them, bits per character", func(r *HTTP) (float64, bool) { return r.TargetEntropy, r.Target > 0 }),
		text("user_agent.original", "user agent", func(r *HTTP) string { return r.UserAgent }),
		text("http.request.referrer", "host of the referrer", func(r *HTTP) string { return r.Referrer }),
		text("http.request.mime_type", "media type of the request", func(r *HTTP) string { return r.Type[event.Client] }),
		text("http.response.mime_type", "media type of the response", func(r *HTTP) string { return r.Type[event.Server] }),
		count("http.response.status_code", "status", func(r *HTTP) int64 { return r.Status }),
		count("http.request.body.bytes", "bytes of the request's body", func(r *HTTP) int64 { return r.Body[event.Client] }),
		count("http.response.body.bytes", "bytes of the response's body", func(r *HTTP) int64 { return r.Body[event.Server] }),
		text("brandmelder.http.request.class", "what the request's body looks like", func(r *HTTP) string { return r.Class[event.Client] }),
		text("brandmelder.http.response.class", "what the response's body looks like: a kind of file, or binary", func(r *HTTP) string { return r.Class[event.Server] }),
		text("brandmelder.http.response.output", "whose output the first lines of the response are: id, accounts, dir or system", func(r *HTTP) string { return r.Shell }),
		event.Bool("brandmelder.http.request.login", event.Technical, "the request's form holds a password", func(r *HTTP) (bool, bool) { return true, r.Form }),
		text("brandmelder.http.server", "software that the server names", func(r *HTTP) string { return r.Server }),
		text("brandmelder.http.auth", "authentication scheme", func(r *HTTP) string { return r.Auth }),
		event.Float("brandmelder.http.request.entropy", event.Technical, "bits per byte of the body's first 4 KiB", func(r *HTTP) (float64, bool) { return r.Entropy, r.looked }),
		event.Float("brandmelder.http.request.printable", event.Technical, "share of text in them, 0 to 1", func(r *HTTP) (float64, bool) { return r.Printable, r.looked }),
		text("brandmelder.http.miner", "call of a miner that the request's body makes", func(r *HTTP) string { return r.Miner }),
		event.Bool("brandmelder.http.request.languages", event.Technical, "the client says which languages it wants, as every browser does", func(r *HTTP) (bool, bool) { return r.Languages, r.Method != "" }),
		event.Bool("brandmelder.http.request.blob_cookie", event.Technical, "the cookie is one base64 value without a name", func(r *HTTP) (bool, bool) { return true, r.Blob }),
		text("brandmelder.http.request.survey", "how the request describes the machine that it comes from: fields, by their names; list, of facts or processes", func(r *HTTP) string { return r.Survey }),
		text("brandmelder.http.wsman.action", "what a message of WS-Management asks for: create, delete, command, send, receive, signal", func(r *HTTP) string { return r.Action }),
		event.Bool("brandmelder.http.request.cookie", event.Technical, "the client has a cookie", func(r *HTTP) (bool, bool) { return true, r.Cookie }),
		event.Bool("brandmelder.http.request.coded", event.Technical, "the request's body is one text in base64 or hexadecimal", func(r *HTTP) (bool, bool) { return true, r.Coded[event.Client] }),
		event.Bool("brandmelder.http.response.coded", event.Technical, "the response's body is one such text", func(r *HTTP) (bool, bool) { return true, r.Coded[event.Server] }),
		event.Int("brandmelder.http.path.checksum8", event.Technical, "of a path of one plain word: sum of its bytes modulo 256", func(r *HTTP) (int64, bool) { return r.Checksum, r.Checksum >= 0 }),
		event.Bool("brandmelder.http.response.encoded", event.Technical, "the response's body is compressed, so its class says nothing", func(r *HTTP) (bool, bool) { return true, r.Encoded }),
		event.Strings("brandmelder.http.suspicious", event.Technical, "attack shapes: jndi, sql, traversal, cmd, xss, code", (*HTTP).Suspicious),
	}
}
