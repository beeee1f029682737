package proto

import "bytes"

// maxDER bounds how many elements of a security token are looked at.
const maxDER = 48

var (
	ntlmSignature = []byte("NTLMSSP\x00")
	kerberosOID   = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02} // 1.2.840.113554.1.2.2
)

// securityToken is what a GSS-API or SPNEGO blob carries.
type securityToken struct {
	NTLM  []byte // an NTLMSSP message, part of the blob
	APREQ []byte // a Kerberos AP-REQ, part of the blob
}

// unwrapToken finds the mechanism's token in a blob: raw NTLMSSP, a GSS-API
// initial token (RFC 2743 3.1), or either inside SPNEGO (RFC 4178). It walks the
// elements in the order they stand and opens what is constructed, so that depth
// costs nothing.
func unwrapToken(blob []byte) securityToken {
	if bytes.HasPrefix(blob, ntlmSignature) {
		return securityToken{NTLM: blob}
	}
	c := cursor{data: blob}
	kerberos := false
	for range maxDER {
		tag := c.u8()
		n := derLength(&c)
		if c.bad || c.left() == 0 {
			return securityToken{}
		}
		switch {
		case tag == 0x06:
			kerberos = bytes.Equal(c.take(min(n, c.left())), kerberosOID)
			if kerberos && c.left() > 2 && c.data[c.at] == 0x01 && c.data[c.at+1] == 0x00 && c.data[c.at+2] == 0x6e {
				return securityToken{APREQ: blob[c.at+2:]} // the token id of RFC 4121 4.1 is passed over
			}
		case tag == 0x04:
			inner := blob[c.at:]
			if bytes.HasPrefix(inner, ntlmSignature) {
				return securityToken{NTLM: inner[:min(n, len(inner))]}
			}
			if inner[0] == 0x6e {
				return securityToken{APREQ: inner[:min(n, len(inner))]}
			}
			if inner[0] != 0x60 { // a GSS-API token is opened like a constructed element
				c.skip(min(n, c.left()))
			}
		case tag == 0x6e:
			return securityToken{APREQ: blob[max(0, c.at-2):]}
		case tag&0x20 == 0:
			c.skip(min(n, c.left()))
		}
	}
	return securityToken{}
}

// derLength reads a definite length (X.690 8.1.3); a length of more than four
// bytes is no length.
func derLength(c *cursor) int {
	first := c.u8()
	if first < 0x80 {
		return int(first)
	}
	if first == 0x80 || first > 0x84 {
		c.bad = true
		return 0
	}
	n := 0
	for range first & 0x7f {
		n = n<<8 | int(c.u8())
	}
	return n
}
