package detect

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// remoteExecution finds programs that one host starts on another with the means
// of administration: services, tasks, WMI, DCOM, WinRM. What only looks, such as
// monitoring that reads the states of services, starts nothing.
type remoteExecution struct {
	*deeds
	copied *baseline.Map[pair, struct{}] // programs written to an administrative share
	shells *baseline.Map[pair, int]      // messages of WS-Management
}

// Places in execDeeds.
const (
	execService = iota
	execStart
	execChange
	execTask
	execWMI
	execWMIStore
	execDCOM
	execClass
	execPipe
	execCopy
	execOutput
	execShell
	execTried
)

// Services are started and changed, and WMI methods called, by inventories and
// people who keep machines in order; the others seldom by anything but deployment.
var execDeeds = []deed{
	execService: {"CreateService", event.High, "T1569.002"}, execStart: {"StartService", event.Medium, "T1569.002"}, execChange: {"ChangeServiceConfig", event.Medium, "T1543.003"},
	execTask: {"scheduled task", event.High, "T1053.005"}, execWMI: {"WMI ExecMethod", event.Medium, "T1047"}, execWMIStore: {"WMI PutInstance", event.High, "T1546.003"},
	execDCOM: {"DCOM Invoke", event.Medium, "T1021.003"}, execClass: {"DCOM application", event.High, "T1021.003"}, execPipe: {"PsExec pipe", event.High, "T1569.002"},
	execCopy: {"program copied", event.High, "T1021.002"}, execOutput: {"output file", event.High, "T1021.002"}, execShell: {"WinRM", event.Medium, "T1021.006"},
	// Whoever keeps machines in order has the right to.
	execTried: {"refused attempt to start a program", event.Medium, "T1569.002"},
}

const (
	execPairs = 4096
	// MITRE's BZAR joins the copying of a program and the call that runs it within
	// ten minutes.
	execWindow = 600 * second
	// A shell over WinRM takes a message each to open it, to run something and to
	// fetch what it says; a query takes two.
	execPosts = 3
)

func newRemoteExecution(env Env, decode Decoder) (Detector, error) {
	return &remoteExecution{
		deeds:  newDeeds(env, "remote-execution", execDeeds),
		copied: baseline.NewMap[pair, struct{}](env.State, "remote-execution.copied", execPairs, execWindow),
		shells: baseline.NewMap[pair, int](env.State, "remote-execution.shells", execPairs, execWindow),
	}, decode(&struct{}{})
}

func (x *remoteExecution) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	p := pairOf(e.Flow)
	kind, ok := 0, false
	switch e.Kind {
	case "rpc":
		kind, ok = execCall(e.Data)
		if !ok && execUses(e.Data) && recent(x.copied, p, e.Time) {
			kind, ok = execCopy, true
			x.copied.Delete(p)
		}
	case "smb":
		kind, ok = x.file(p, e)
	case "http":
		kind, ok = execShell, x.message(p, e)
	}
	if ok {
		x.enter(kind, p, e, report)
	}
}

// execCalls are the operations that start something, by interface and name.
var execCalls = map[string]map[string]int{
	"svcctl": {
		"CreateServiceA": execService, "CreateServiceW": execService, "CreateServiceWOW64A": execService, "CreateServiceWOW64W": execService, "CreateWowService": execService,
		"StartServiceA": execStart, "StartServiceW": execStart, "ChangeServiceConfigA": execChange, "ChangeServiceConfigW": execChange,
	},
	"atsvc":                 {"NetrJobAdd": execTask},
	"ITaskSchedulerService": {"SchRpcRegisterTask": execTask, "SchRpcRun": execTask},
	"IWbemServices": {
		"ExecMethod": execWMI, "ExecMethodAsync": execWMI,
		"PutInstance": execWMIStore, "PutInstanceAsync": execWMIStore, "PutClass": execWMIStore, "PutClassAsync": execWMIStore,
	},
	"IDispatch": {"Invoke": execDCOM},
}

// execCall says what a call started, or tried to start.
func execCall(r event.Record) (kind int, ok bool) {
	if refusedCall(r) {
		kind, ok = execCalls[event.TextOf(r, "brandmelder.rpc.interface")][event.TextOf(r, "brandmelder.rpc.operation")]
		return execTried, ok && (kind == execService || kind == execTask)
	}
	if class := event.TextOf(r, "brandmelder.rpc.class"); class != "" && class != "WMI" {
		return execClass, true
	}
	kind, ok = execCalls[event.TextOf(r, "brandmelder.rpc.interface")][event.TextOf(r, "brandmelder.rpc.operation")]
	return kind, ok
}

// Values by which Windows says that it did not do what was asked: access denied
// in its several codes, and no such service.
var refusals = map[int64]bool{5: true, 1060: true, 0x80070005: true, 0xC0000022: true}

// refusedCall reports whether a call was not carried out. One without an answer
// may have been: a program that is started can take its time.
func refusedCall(r event.Record) bool {
	status := event.TextOf(r, "brandmelder.rpc.status")
	return status == "fault" || status == "refused" || refusals[event.NumberOf(r, "brandmelder.rpc.returned")]
}

// execUses reports whether a call is one of those that come before something is
// started, so that a program copied before is the one.
func execUses(r event.Record) bool {
	switch event.TextOf(r, "brandmelder.rpc.interface") {
	case "svcctl", "ITaskSchedulerService", "atsvc", "IRemoteSCMActivator", "IWbemServices":
		return !refusedCall(r)
	}
	return false
}

// file looks at what is done to shares: programs copied, the pipes by which PsExec
// and its kin carry what a program says, and the files in which others keep it.
func (x *remoteExecution) file(p pair, e *event.Event) (kind int, ok bool) {
	r := e.Data
	command := event.TextOf(r, "brandmelder.smb.command")
	if command == "create" && event.TextOf(r, "brandmelder.smb.status") == "STATUS_SUCCESS" && execPipeName(event.TextOf(r, "brandmelder.smb.pipe")) {
		return execPipe, true
	}
	if !event.IsTrue(r, "brandmelder.smb.share.admin") || command != "close" {
		return 0, false
	}
	if event.NumberOf(r, "brandmelder.smb.write.bytes") > 0 && isProgram(r) {
		x.copied.Touch(p, e.Time)
	}
	return execOutput, event.NumberOf(r, "brandmelder.smb.read.count") > 0 && isOutput(event.TextOf(r, "file.name"))
}

// execPipeName knows the pipes of PsExec, RemCom, PAExec, winexe and csexec: of a
// program's standard streams, or of the service itself.
func execPipeName(pipe string) bool {
	pipe = strings.ToLower(pipe)
	for _, part := range []string{"stdin", "stdout", "stderr", "psexesvc", "psexecsvc", "remcom_", "paexec", "winexesvc", "ahexec", "csexec"} {
		if strings.Contains(pipe, part) {
			return true
		}
	}
	return false
}

var programExtensions = map[string]bool{"exe": true, "dll": true, "sys": true, "scr": true, "msi": true, "bat": true, "cmd": true, "ps1": true, "vbs": true, "js": true, "hta": true, "xll": true, "cpl": true}

// isProgram reports whether a file that was written can be run.
func isProgram(r event.Record) bool {
	magic := event.TextOf(r, "brandmelder.smb.write.magic")
	return magic == "exe-pe" || magic == "elf" || programExtensions[event.TextOf(r, "file.extension")]
}

// isOutput knows the files that impacket's wmiexec, smbexec and dcomexec fetch:
// two underscores and a time, or the word output.
func isOutput(name string) bool {
	rest, ok := strings.CutPrefix(name, "__")
	return ok && rest != "" && (rest == "output" || strings.Trim(rest, "0123456789.") == "")
}

// message counts what a client sends to a shell over WS-Management. Events that
// are forwarded and subscribed to have other paths.
func (x *remoteExecution) message(p pair, e *event.Event) bool {
	r := e.Data
	if event.TextOf(r, "url.path") != "/wsman" || event.TextOf(r, "http.request.method") != "POST" || event.NumberOf(r, "http.response.status_code") != 200 {
		return false
	}
	if event.TextOf(r, "brandmelder.http.wsman.action") == "command" {
		return true
	}
	posts, _ := x.shells.Touch(p, e.Time)
	*posts++
	return *posts >= execPosts
}

func init() {
	register(Spec{
		Name: "remote-execution", Doc: "a host starts programs on another: services, tasks, WMI, DCOM, WinRM, PsExec",
		Family: "remote-execution", Technique: techniques(execDeeds),
		Class: event.Absolute, Severity: event.High,
		Wants: []string{"rpc", "smb", "http"}, Facts: deedTable, New: newRemoteExecution,
	})
}
