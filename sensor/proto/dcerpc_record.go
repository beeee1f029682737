package proto

import "github.com/brandmelder/brandmelder/sensor/event"

// RPC is one call of a remote procedure (C706, MS-RPCE). What was called stands
// in the clear even where its arguments are encrypted.
type RPC struct {
	Interface string // name where it is known: "svcctl"
	UUID      string
	Opnum     int64
	Operation string // name where it is known
	Status    string // "ok", "fault" or, of a bind that was refused, "refused"; "" where no answer was seen
	Fault     string // name or number of the fault
	Pipe      string // named pipe that carried it, "" over TCP
	AuthType  string // "ntlm", "kerberos", "negotiate", "netlogon"
	AuthLevel string // "none", "connect", "call", "packet", "integrity", "privacy"
	Sent      int64  // bytes of the arguments, all fragments
	Received  int64  // bytes of the results
	// Returned is the value that the operation returned, where it can be read: of
	// most operations a Windows error or NT status, 0 success.
	Returned    int64
	HasReturned bool
	Class       string // of a DCOM activation: the class that was asked for, where it is a known one
	// ZeroChallenge holds of NetrServerReqChallenge only: the client's challenge
	// is zero or repeats, as exploits of CVE-2020-1472 need it.
	ZeroChallenge bool
	PathClimbs    bool  // of path operations of srvsvc: the path has a .. in it
	Evicted       int64 // calls and contexts that had to make room, on the last record
}

func (*RPC) Table() *event.Table { return rpcTable }

var rpcTable = event.NewTable("rpc", "Calls of remote procedures over TCP and named pipes.",
	rpcText("brandmelder.rpc.interface", "interface by name", func(r *RPC) string { return r.Interface }),
	rpcText("brandmelder.rpc.uuid", "interface", func(r *RPC) string { return r.UUID }),
	event.Int("brandmelder.rpc.opnum", event.Technical, "number of the operation", func(r *RPC) (int64, bool) { return r.Opnum, r.Opnum >= 0 }),
	rpcText("brandmelder.rpc.operation", "operation by name", func(r *RPC) string { return r.Operation }),
	rpcText("brandmelder.rpc.status", "ok, fault or refused", func(r *RPC) string { return r.Status }),
	rpcText("brandmelder.rpc.fault", "fault by name", func(r *RPC) string { return r.Fault }),
	rpcText("brandmelder.rpc.pipe", "named pipe", func(r *RPC) string { return r.Pipe }),
	rpcText("brandmelder.rpc.auth.type", "how the client proved itself", func(r *RPC) string { return r.AuthType }),
	rpcText("brandmelder.rpc.auth.level", "what of the calls is protected", func(r *RPC) string { return r.AuthLevel }),
	event.Int("brandmelder.rpc.request_bytes", event.Technical, "bytes of the arguments", func(r *RPC) (int64, bool) { return r.Sent, true }),
	event.Int("brandmelder.rpc.response_bytes", event.Technical, "bytes of the results", func(r *RPC) (int64, bool) { return r.Received, true }),
	event.Int("brandmelder.rpc.returned", event.Technical, "value that the operation returned, 0 mostly success", func(r *RPC) (int64, bool) { return r.Returned, r.HasReturned }),
	rpcText("brandmelder.rpc.class", "known class that a DCOM activation asked for", func(r *RPC) string { return r.Class }),
	event.Bool("brandmelder.rpc.path_climbs", event.Technical, "a path with .. in it", func(r *RPC) (bool, bool) { return r.PathClimbs, r.PathClimbs }),
	event.Bool("brandmelder.rpc.zero_challenge", event.Technical, "the client's Netlogon challenge is zero or repeats", func(r *RPC) (bool, bool) { return r.ZeroChallenge, r.ZeroChallenge }),
	event.Int("brandmelder.rpc.evicted", event.Technical, "entries that the parser's tables had no room for", func(r *RPC) (int64, bool) { return r.Evicted, r.Evicted > 0 }),
).InBrief("brandmelder.rpc.interface", "brandmelder.rpc.operation", "brandmelder.rpc.fault")

func rpcText(path, doc string, get func(*RPC) string) event.Field {
	return event.String(path, event.Technical, doc, func(r *RPC) (string, bool) { s := get(r); return s, s != "" })
}

var (
	rpcAuthTypes  = map[uint8]string{9: "negotiate", 10: "ntlm", 14: "tls", 16: "kerberos", 68: "netlogon"}
	rpcAuthLevels = map[uint8]string{1: "none", 2: "connect", 3: "call", 4: "packet", 5: "integrity", 6: "privacy"}
	rpcFaults     = map[uint32]string{
		0x00000005: "ERROR_ACCESS_DENIED", 0x00000721: "RPC_S_SEC_PKG_ERROR", 0x000006f7: "RPC_X_BAD_STUB_DATA",
		0x1c010002: "nca_s_op_rng_error", 0x1c010003: "nca_s_unk_if", 0x1c00001a: "nca_s_fault_context_mismatch",
		0x1c00001b: "nca_s_fault_remote_no_memory", 0x1c000012: "nca_s_fault_unspec", 0x1c00000c: "nca_s_fault_invalid_bound",
		0x1c000010: "nca_s_fault_ndr", 0x1c01000b: "nca_s_proto_error", 0x80010111: "RPC_E_VERSION_MISMATCH",
		0x80070005: "E_ACCESSDENIED",
	}
)
