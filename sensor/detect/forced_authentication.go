package detect

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// forcedAuthentication finds calls by which a server is made to log on to another
// host, where its login is relayed or its ticket kept: the printer bug, PetitPotam,
// DFSCoerce, ShadowCoerce and their kin.
type forcedAuthentication struct {
	*deeds
	prints *baseline.Map[pair, struct{}] // clients that print at a server
	asked  *baseline.Map[pair, struct{}] // calls, by who is to log on to whom
	came   *baseline.Map[pair, struct{}] // conversations that a server opened with a client
}

// Places in forceDeeds.
const (
	forcePrinter = iota
	forceEFS
	forceDFS
	forceVSS
	forceLog
	forceBack
)

var forceDeeds = []deed{
	forcePrinter: {"RpcRemoteFindFirstPrinterChangeNotification", event.Medium, "T1187"}, forceEFS: {"EFSRPC", event.Medium, "T1187"},
	forceDFS: {"NetrDfs", event.Medium, "T1187"}, forceVSS: {"FSRVP", event.Medium, "T1187"}, forceLog: {"ElfrOpenBELW", event.Medium, "T1187"},
	forceBack: {"server logs on to the client", event.High, "T1187"},
}

// forceCalls are the operations that take a path which the server then opens with
// its own account.
var forceCalls = map[string]map[string]int{
	"spoolss": {"RpcRemoteFindFirstPrinterChangeNotification": forcePrinter, "RpcRemoteFindFirstPrinterChangeNotificationEx": forcePrinter},
	"efsrpc": {
		"EfsRpcOpenFileRaw": forceEFS, "EfsRpcEncryptFileSrv": forceEFS, "EfsRpcDecryptFileSrv": forceEFS, "EfsRpcQueryUsersOnFile": forceEFS,
		"EfsRpcQueryRecoveryAgents": forceEFS, "EfsRpcRemoveUsersFromFile": forceEFS, "EfsRpcAddUsersToFile": forceEFS, "EfsRpcFileKeyInfo": forceEFS,
		"EfsRpcDuplicateEncryptionInfoFile": forceEFS, "EfsRpcAddUsersToFileEx": forceEFS, "EfsRpcFileKeyInfoEx": forceEFS,
		"EfsRpcGetEncryptedFileMetadata": forceEFS, "EfsRpcEncryptFileExSrv": forceEFS, "EfsRpcQueryProtectors": forceEFS,
	},
	"netdfs":   {"NetrDfsAddStdRoot": forceDFS, "NetrDfsRemoveStdRoot": forceDFS, "NetrDfsAddFtRoot": forceDFS, "NetrDfsRemoveFtRoot": forceDFS, "NetrDfsAddStdRootForced": forceDFS},
	"fsrvp":    {"IsPathSupported": forceVSS, "IsPathShadowCopied": forceVSS},
	"eventlog": {"ElfrOpenBELW": forceLog, "ElfrOpenBELA": forceLog},
}

// printCalls are what a client that prints asks for, and one that only wants the
// server to call does not.
var printCalls = map[string]bool{
	"RpcStartDocPrinter": true, "RpcWritePrinter": true, "RpcEnumJobs": true, "RpcGetPrinter": true, "RpcGetPrinterDriver": true,
	"RpcGetPrinterData": true, "RpcEnumPrinterKey": true, "RpcAddJob": true, "RpcSetJob": true,
}

const (
	forcePairs = 8192
	// The server opens the path while the call is on its way; the call itself ends
	// when that has succeeded or given up.
	forceBefore = 30 * second
	forceAfter  = 30 * second
	// Who printed at a server today may want to hear of its printers.
	printMemory = 12 * 3600 * second
)

func newForcedAuthentication(env Env, decode Decoder) (Detector, error) {
	return &forcedAuthentication{
		deeds:  newDeeds(env, "forced-authentication", forceDeeds),
		prints: baseline.NewMap[pair, struct{}](env.State, "forced-authentication.prints", forcePairs, printMemory),
		asked:  baseline.NewMap[pair, struct{}](env.State, "forced-authentication.asked", forcePairs, forceAfter),
		came:   baseline.NewMap[pair, struct{}](env.State, "forced-authentication.came", forcePairs, forceBefore),
	}, decode(&struct{}{})
}

func (f *forcedAuthentication) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	p := pairOf(e.Flow)
	if e.Kind == "flow.start" {
		f.opened(p, e, report)
		return
	}
	operation := event.TextOf(e.Data, "brandmelder.rpc.operation")
	if printCalls[operation] {
		f.prints.Touch(p, e.Time)
		return
	}
	kind, ok := forceCalls[event.TextOf(e.Data, "brandmelder.rpc.interface")][operation]
	if !ok || kind == forcePrinter && recent(f.prints, p, e.Time) && !f.env.Know.Controller(p.server) {
		return
	}
	if s := event.TextOf(e.Data, "brandmelder.rpc.status"); s == "refused" || strings.Contains(event.TextOf(e.Data, "brandmelder.rpc.fault"), "DENIED") {
		return
	}
	f.enter(kind, p, e, report)
	back := pair{p.server, p.client}
	if recent(f.came, back, e.Time) {
		f.enter(forceBack, p, e, report)
		return
	}
	f.asked.Touch(back, e.Time)
}

// opened sees a server open a conversation for which it needs to log on.
func (f *forcedAuthentication) opened(back pair, e *event.Event, report Report) {
	switch e.Flow.Server.Port() {
	case 445, 139, 80:
	default:
		return
	}
	if recent(f.asked, back, e.Time) {
		f.asked.Delete(back)
		f.enter(forceBack, pair{back.server, back.client}, e, report)
		return
	}
	f.came.Touch(back, e.Time)
}

func init() {
	register(Spec{
		Name: "forced-authentication", Doc: "a server is made to log on to another host (printer bug, PetitPotam, DFSCoerce)",
		Family: "forced-authentication", Technique: techniques(forceDeeds),
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"rpc", "flow.start"}, Facts: deedTable, New: newForcedAuthentication,
	})
}
