package proto

// PCCC is the older language of Allen-Bradley's PLC-5, SLC 500 and MicroLogix. By
// EtherNet/IP it is carried in the service "execute" of an object of its own.
const (
	pcccClass   = 0x67
	pcccExecute = 0x4b
)

// pcccOps by command, and for some commands by function.
var pcccOps = map[uint16]*otOp{
	0x0000: {"protected-write", otWrite}, 0x0100: {"unprotected-read", otRead}, 0x0200: {"protected-bit-write", otWrite}, 0x0500: {"unprotected-bit-write", otWrite}, 0x0800: {"unprotected-write", otWrite},
	0x0600: {"echo", otSession}, 0x0601: {"diagnostic-counters", otRead}, 0x0603: {"diagnostic-status", otIdentify},
	0x0700: {"disable-outputs", otState}, 0x0701: {"enable-outputs", otState}, 0x0703: {"enable-scanning", otState}, 0x0704: {"enter-download-mode", otProgram}, 0x0705: {"exit-mode", otSession}, 0x0706: {"enter-upload-mode", otSession},
	0x0f00: {"word-range-write", otWrite}, 0x0f01: {"word-range-read", otRead}, 0x0f02: {"bit-write", otWrite}, 0x0f03: {"file-write", otFile}, 0x0f04: {"file-read", otRead},
	0x0f05: {"download", otProgram}, 0x0f06: {"upload", otRead}, 0x0f07: {"shutdown", otState}, 0x0f08: {"physical-write", otProgram}, 0x0f09: {"physical-read", otRead}, 0x0f0a: {"restart", otState},
	0x0f11: {"get-edit-resource", otSession}, 0x0f12: {"return-edit-resource", otSession}, 0x0f17: {"physical-read", otRead}, 0x0f18: {"physical-write", otProgram},
	0x0f26: {"read-modify-write", otWrite}, 0x0f29: {"read-section-size", otRead}, 0x0f3a: {"set-mode", otState}, 0x0f41: {"disable-forces", otWrite},
	0x0f50: {"download", otProgram}, 0x0f52: {"download-completed", otProgram}, 0x0f53: {"upload", otRead}, 0x0f55: {"upload-completed", otSession}, 0x0f57: {"initialize-memory", otProgram},
	0x0f67: {"typed-write", otWrite}, 0x0f68: {"typed-read", otRead}, 0x0f79: {"read-modify-write", otWrite}, 0x0f80: {"change-mode", otState}, 0x0f81: {"open-file", otSession}, 0x0f82: {"close-file", otSession},
	0x0f8f: {"apply-port-configuration", otProgram}, 0x0fa1: {"typed-read", otRead}, 0x0fa2: {"typed-read", otRead}, 0x0fa7: {"file-read", otRead},
	0x0fa9: {"typed-write", otWrite}, 0x0faa: {"typed-write", otWrite}, 0x0fab: {"masked-write", otWrite}, 0x0faf: {"file-write", otFile},
}

// pcccHead passes over who asks, a length and its bytes, and reads command and status.
func pcccHead(c *cursor) (command, status uint8) {
	c.skip(max(int(c.u8())-1, 0))
	command, status = c.u8(), c.u8()
	c.skip(2) // transaction
	return command, status
}

// pcccRequest is the number of a request: its command and, where it has one, function.
func pcccRequest(c *cursor) uint16 {
	command, _ := pcccHead(c)
	if command < 6 || command == 8 {
		return uint16(command) << 8
	}
	return uint16(command)<<8 | uint16(c.u8())
}

// pcccAnswer is what the controller says of a request: the service that carried it
// succeeds all the same.
func pcccAnswer(c *cursor) string {
	switch _, status := pcccHead(c); {
	case c.bad || status == 0:
		return accepted
	case status == 0x10:
		return "function-not-supported"
	case status == 0x50:
		return "address-error"
	case status == 0x60:
		return "privilege-violation"
	case status == 0x70:
		return "device-state-conflict"
	}
	return "error"
}
