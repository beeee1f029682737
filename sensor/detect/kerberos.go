package detect

import (
	"hash/fnv"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// What the detectors of misused tickets share.

// isWeak reports whether an encryption type is RC4 or DES: what a password's plain
// hash is enough for, and what is guessed fastest.
func isWeak(etype string) bool {
	return strings.HasPrefix(etype, "rc4") || strings.HasPrefix(etype, "des-")
}

func isAES(etype string) bool { return strings.HasPrefix(etype, "aes") }

// offersAES reports whether a request offers AES, and weakOnly whether it offers
// types and none of them is strong.
func offersAES(r event.Record) bool {
	return slices.ContainsFunc(event.TextsOf(r, "brandmelder.kerberos.etypes"), isAES)
}

func weakOnly(r event.Record) bool {
	offered := event.TextsOf(r, "brandmelder.kerberos.etypes")
	return len(offered) > 0 && !slices.ContainsFunc(offered, func(e string) bool { return !isWeak(e) })
}

// machineServices are the services of a machine's own account, whose long random
// password nobody guesses.
var machineServices = map[string]bool{"host": true, "cifs": true, "ldap": true, "rpcss": true, "termsrv": true, "wsman": true, "restrictedkrbhost": true, "gc": true, "dns": true, "krbtgt": true, "kadmin": true, "rpc": true}

// ofMachine reports whether a ticket is for a machine's account.
func ofMachine(service string) bool {
	class, _, ok := strings.Cut(service, "/")
	return ok && machineServices[strings.ToLower(class)] || strings.HasSuffix(service, "$")
}

// nameID tells names apart without keeping them.
func nameID(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(strings.ToLower(name)))
	return h.Sum64()
}

// ticketOwner is a principal at a client.
type ticketOwner struct {
	client [16]byte
	name   uint64
}

func ownerOf(e *event.Event) ticketOwner {
	return ticketOwner{e.Flow.Client.Addr().As16(), nameID(event.TextOf(e.Data, "brandmelder.kerberos.client"))}
}
