package proto

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// kdcRequest reads an AS-REQ or TGS-REQ (RFC 4120 5.4.1).
func kdcRequest(tag byte, body []byte, size int) *Kerberos {
	k := &Kerberos{Request: requestName(tag), RequestBytes: size, Error: -1}
	for f := (cursor{data: body}); f.left() > 0; {
		switch tag, v := f.element(); tag {
		case 0xa3:
			k.preauth(opened(v))
		case 0xa4:
			k.requestBody(opened(v))
		}
	}
	return k
}

// preauth reads the list of PA-DATA.
func (k *Kerberos) preauth(list []byte) {
	for l := (cursor{data: list}); l.left() > 0 && len(k.Preauth) < krbList; {
		_, one := l.element()
		var kind int32
		var value []byte
		for f := (cursor{data: one}); f.left() > 0; {
			switch tag, v := f.element(); tag {
			case 0xa1:
				kind = int32(derInt(opened(v)))
			case 0xa2:
				value = opened(v)
			}
		}
		k.Preauth = append(k.Preauth, kind)
		switch kind {
		case 1:
			if t := requestTicket(value); t.service != "" {
				k.TGT, k.Referral, k.TGTMark = t.etype, !strings.EqualFold(t.service, "krbtgt/"+t.realm), t.mark
			}
		case 2:
			k.Proof = encryption(value)
		case 128: // KERB-PA-PAC-REQUEST (MS-KILE 2.2.3): include-pac [0] BOOLEAN
			seq := cursor{data: opened(value)}
			_, include := seq.element()
			k.NoPAC = bytes.Equal(opened(include), []byte{0})
		}
	}
}

func (k *Kerberos) requestBody(body []byte) {
	for f := (cursor{data: body}); f.left() > 0; {
		switch tag, v := f.element(); tag {
		case 0xa0:
			if bits := opened(v); len(bits) >= 5 {
				k.Options = binary.BigEndian.Uint32(bits[1:])
			}
		case 0xa1:
			k.Client = principal(v)
		case 0xa2:
			k.Realm = derText(opened(v))
		case 0xa3:
			k.Service = principal(v)
		case 0xa7:
			k.nonce = derInt(opened(v))
		case 0xa8:
			for l := (cursor{data: opened(v)}); l.left() > 0 && len(k.Offered) < krbList; {
				_, n := l.element()
				k.Offered = append(k.Offered, int32(derInt(n)))
			}
		case 0xa9:
			k.Workstation = netbiosAddress(opened(v))
		}
	}
}

// netbiosAddress finds the address of type 20 in a list of HostAddress: the name
// of a Windows client.
func netbiosAddress(list []byte) string {
	for l := (cursor{data: list}); l.left() > 0; {
		_, one := l.element()
		var kind int64
		for f := (cursor{data: one}); f.left() > 0; {
			switch tag, v := f.element(); {
			case tag == 0xa0:
				kind = derInt(opened(v))
			case tag == 0xa1 && kind == 20:
				return strings.TrimSpace(derText(opened(v)))
			}
		}
	}
	return ""
}

// kdcReply reads an AS-REP or TGS-REP (RFC 4120 5.4.2).
func kdcReply(k *Kerberos, body []byte) {
	for f := (cursor{data: body}); f.left() > 0; {
		switch tag, v := f.element(); tag {
		case 0xa3:
			k.Realm = derText(opened(v))
		case 0xa4:
			k.Client = principal(v)
		case 0xa5:
			t := readTicket(v)
			k.Ticket, k.Service = t.etype, t.service
		case 0xa6:
			k.Reply = encryption(v)
		}
	}
}

// krbError reads a KRB-ERROR (RFC 4120 5.9.1). What the request named stands.
func krbError(k *Kerberos, body []byte) {
	for f := (cursor{data: body}); f.left() > 0; {
		switch tag, v := f.element(); {
		case tag == 0xa6:
			k.Error = int32(derInt(opened(v)))
		case tag == 0xa8 && k.Client == "":
			k.Client = principal(v)
		case tag == 0xa9 && k.Realm == "":
			k.Realm = derText(opened(v))
		case tag == 0xaa && k.Service == "":
			k.Service = principal(v)
		}
	}
}

// krbTicket is what can be read of a ticket.
type krbTicket struct {
	realm, service string
	etype          int32
	mark           string // see Kerberos.TGTMark
}

// readTicket reads a Ticket with its application tag (RFC 4120 5.3).
func readTicket(body []byte) (t krbTicket) {
	for f := (cursor{data: opened(opened(body))}); f.left() > 0; {
		switch tag, v := f.element(); tag {
		case 0xa1:
			t.realm = derText(opened(v))
		case 0xa2:
			t.service = principal(v)
		case 0xa3:
			t.etype = encryption(v)
		}
	}
	return t
}

// encryption is the type that an EncryptedData names.
func encryption(body []byte) int32 {
	for f := (cursor{data: opened(body)}); f.left() > 0; {
		if tag, v := f.element(); tag == 0xa0 {
			return int32(derInt(opened(v)))
		}
	}
	return 0
}
