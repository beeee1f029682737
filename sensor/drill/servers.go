package drill

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

func listen(ctx context.Context, a netip.Addr, port uint16) (net.Listener, error) {
	var c net.ListenConfig
	c.SetMultipathTCP(false)
	l, err := c.Listen(ctx, "tcp4", netip.AddrPortFrom(a, port).String())
	if err == nil {
		context.AfterFunc(ctx, func() { l.Close() })
	}
	return l, err
}

// serveFTP refuses every login.
func serveFTP(ctx context.Context) error {
	l, err := listen(ctx, fileServer, 21)
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go refuse(c)
	}
}

func refuse(c net.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(c, "220 FTP server ready\r\n")
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		verb, _, _ := strings.Cut(lines.Text(), " ")
		answer := "500 unknown command"
		switch strings.ToUpper(verb) {
		case "USER":
			answer = "331 password please"
		case "PASS":
			answer = "530 login incorrect"
		case "QUIT":
			return
		}
		io.WriteString(c, answer+"\r\n")
	}
}

// serveOrders has none.
func serveOrders(ctx context.Context) error {
	return serveHTTP(ctx, beaconHost, 80, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		io.WriteString(w, strings.Repeat("0", 32))
	})
}

// serveDrop takes anything.
func serveDrop(ctx context.Context) error {
	return serveHTTP(ctx, dropHost, 8080, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
	})
}

func serveHTTP(ctx context.Context, a netip.Addr, port uint16, answer http.HandlerFunc) error {
	l, err := listen(ctx, a, port)
	if err != nil {
		return err
	}
	return (&http.Server{Handler: answer, ReadHeaderTimeout: 10 * time.Second}).Serve(l)
}

// serveNames answers each query with a TXT record of 64 bytes.
func serveNames(ctx context.Context) error {
	c, err := new(net.ListenConfig).ListenPacket(ctx, "udp4", netip.AddrPortFrom(nameServer, 53).String())
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { c.Close() })
	buf := make([]byte, 1500)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return err
		}
		if n >= 17 {
			c.WriteTo(answerTXT(buf[:n]), from)
		}
	}
}

// answerTXT turns a query into its answer: the question is repeated, and the
// record's name points at it (RFC 1035 section 4.1.4).
func answerTXT(query []byte) []byte {
	b := append([]byte(nil), query...)
	b[2], b[3], b[7] = 0x81, 0x80, 1
	b = append(b, 0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 65, 64)
	return append(b, strings.Repeat("k", 64)...)
}
