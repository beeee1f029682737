package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/brandmelder/brandmelder/sensor/health"
)

const scrapeWithin = 10 * time.Second // a request and its answer

// serveMetrics shows the document about the sensor to Prometheus on this machine until
// ctx ends, where there is an address for it.
func serveMetrics(ctx context.Context, address string, told func() (health.Status, error)) error {
	if address == "" {
		return nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("metrics: %w; name another port", err)
	}
	server := &http.Server{Handler: metrics(told), ReadTimeout: scrapeWithin, WriteTimeout: scrapeWithin, MaxHeaderBytes: 16 << 10}
	context.AfterFunc(ctx, func() { server.Close() })
	go server.Serve(l)
	return nil
}

// metrics answers who asks from this machine, and for this machine: a page in a browser
// here that had the name of another site point to it is not answered.
func metrics(told func() (health.Status, error)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if !loopback(r.RemoteAddr) || !loopback(r.Host) {
			http.Error(w, "for this machine only", http.StatusForbidden)
			return
		}
		now, err := told()
		if err != nil {
			http.Error(w, "the state cannot be read; see the log", http.StatusInternalServerError)
			return
		}
		var text bytes.Buffer
		now.Metrics(&text)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Write(text.Bytes())
	})
	return mux
}

func loopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
