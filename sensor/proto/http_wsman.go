package proto

import (
	"bytes"
	"strings"
)

// wsmanActions are the ends of the URIs of actions on a remote shell (MS-WSMV 2.2.4.38,
// WS-Transfer), which stand in the header of the envelope.
var wsmanActions = []string{"/transfer/Create", "/transfer/Delete", "/shell/Command", "/shell/Send", "/shell/Receive", "/shell/Signal"}

// wsmanAction is what an unsealed message does to a shell, "" where it is none. Sealed
// by NTLM or Kerberos, which is the default, nothing of it can be read.
func wsmanAction(head []byte) string {
	if !bytes.Contains(head, []byte("windows/shell")) {
		return ""
	}
	for _, uri := range wsmanActions {
		if bytes.Contains(head, []byte(uri+"</")) {
			return strings.ToLower(uri[strings.LastIndexByte(uri, '/')+1:])
		}
	}
	return ""
}
