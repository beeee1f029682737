package proto

import (
	"strconv"
	"strings"
)

// rpcInterface is an interface of Windows: its short name and the names of its
// operations by number, as its specification has them.
type rpcInterface struct {
	name       string
	operations map[int64]string
}

// named lists operations in the order of their numbers, from 0; a number in the
// list says where it goes on.
func named(name, list string) *rpcInterface {
	i := &rpcInterface{name, map[int64]string{}}
	n := int64(0)
	for _, word := range strings.Fields(list) {
		if at, err := strconv.ParseInt(word, 10, 32); err == nil {
			n = at
			continue
		}
		i.operations[n] = word
		n++
	}
	return i
}

// rpcInterfaces holds those by whose calls machines are explored, taken over or
// kept in order.
var rpcInterfaces = map[string]*rpcInterface{
	// MS-SCMR, without the R in front of each name
	"367abb81-9844-35f1-ad32-98f038001003": named("svcctl", `CloseServiceHandle ControlService DeleteService LockServiceDatabase
		QueryServiceObjectSecurity SetServiceObjectSecurity QueryServiceStatus SetServiceStatus UnlockServiceDatabase NotifyBootConfigStatus
		11 ChangeServiceConfigW CreateServiceW EnumDependentServicesW EnumServicesStatusW OpenSCManagerW OpenServiceW QueryServiceConfigW
		QueryServiceLockStatusW StartServiceW GetServiceDisplayNameW GetServiceKeyNameW
		23 ChangeServiceConfigA CreateServiceA EnumDependentServicesA EnumServicesStatusA OpenSCManagerA OpenServiceA QueryServiceConfigA
		QueryServiceLockStatusA StartServiceA GetServiceDisplayNameA GetServiceKeyNameA
		35 EnumServiceGroupW ChangeServiceConfig2A ChangeServiceConfig2W QueryServiceConfig2A QueryServiceConfig2W QueryServiceStatusEx
		EnumServicesStatusExA EnumServicesStatusExW 44 CreateServiceWOW64A CreateServiceWOW64W
		47 NotifyServiceStatusChange GetNotifyResults CloseNotifyHandle ControlServiceExA ControlServiceExW 56 QueryServiceConfigEx 60 CreateWowService 64 OpenSCManager2`),
	// MS-TSCH
	"1ff70682-0a51-30e8-076d-740be8cee98b": named("atsvc", `NetrJobAdd NetrJobDel NetrJobEnum NetrJobGetInfo`),
	"378e52b0-c0a9-11cf-822d-00aa0051e40f": named("sasec", `SASetAccountInformation SASetNSAccountInformation
		SAGetNSAccountInformation SAGetAccountInformation`),
	"86d35949-83c9-4044-b424-db363231fd0c": named("ITaskSchedulerService", `SchRpcHighestVersion SchRpcRegisterTask SchRpcRetrieveTask
		SchRpcCreateFolder SchRpcSetSecurity SchRpcGetSecurity SchRpcEnumFolders SchRpcEnumTasks SchRpcEnumInstances SchRpcGetInstanceInfo
		SchRpcStopInstance SchRpcStop SchRpcRun SchRpcDelete SchRpcRename SchRpcScheduledRuntimes SchRpcGetLastRunInfo SchRpcGetTaskInfo
		SchRpcGetNumberOfMissedRuns SchRpcEnableTask`),
	// MS-WMI
	"f309ad18-d86a-11d0-a075-00c04fb68820": named("IWbemLevel1Login", `3 EstablishPosition RequestChallenge WBEMLogin NTLMLogin`),
	"d4781cd6-e5d3-44df-ad94-930efe48a887": named("IWbemLoginClientID", `3 SetClientInfo`),
	"1c1c45ee-4395-11d2-b60b-00104b703efd": named("IWbemFetchSmartEnum", `3 GetSmartEnum`),
	"423ec01e-2e35-11d2-b604-00104b703efd": named("IWbemWCOSmartEnum", `3 Next`),
	"027947e1-d731-11ce-a357-000000000001": named("IEnumWbemClassObject", `3 Reset Next NextAsync Clone Skip`),
	"9556dc99-828c-11cf-a37e-00aa003240c7": named("IWbemServices", `3 OpenNamespace CancelAsyncCall QueryObjectSink GetObject GetObjectAsync
		PutClass PutClassAsync DeleteClass DeleteClassAsync CreateClassEnum CreateClassEnumAsync PutInstance PutInstanceAsync DeleteInstance
		DeleteInstanceAsync CreateInstanceEnum CreateInstanceEnumAsync ExecQuery ExecQueryAsync ExecNotificationQuery
		ExecNotificationQueryAsync ExecMethod ExecMethodAsync`),
	// MS-DCOM
	"000001a0-0000-0000-c000-000000000046": named("IRemoteSCMActivator", `3 RemoteGetClassObject RemoteCreateInstance`),
	"4d9f4ab8-7d1c-11cf-861e-0020af6e7c57": named("IActivation", `RemoteActivation`),
	"99fcfec4-5260-101b-bbcb-00aa0021347a": named("IObjectExporter", `ResolveOxid SimplePing ComplexPing ServerAlive ResolveOxid2 ServerAlive2`),
	"00000131-0000-0000-c000-000000000046": named("IRemUnknown", `3 RemQueryInterface RemAddRef RemRelease`),
	"00000143-0000-0000-c000-000000000046": named("IRemUnknown2", `3 RemQueryInterface RemAddRef RemRelease RemQueryInterface2`),
	"00020400-0000-0000-c000-000000000046": named("IDispatch", `3 GetTypeInfoCount GetTypeInfo GetIDsOfNames Invoke`),
	// C706 appendix O and Q
	"e1af8308-5d1f-11c9-91a4-08002b14a0fa": named("epmapper", `ept_insert ept_delete ept_lookup ept_map ept_lookup_handle_free
		ept_inq_object ept_mgmt_delete`),
	"afa8bd80-7d8a-11c9-bef4-08002b102989": named("mgmt", `inq_if_ids inq_stats is_server_listening stop_server_listening inq_princ_name`),
	// MS-RSP, MS-EVEN, MS-EVEN6
	"894de0c0-0d55-11d3-a322-00c04fa321a1": named("initshutdown", `BaseInitiateShutdown BaseAbortShutdown BaseInitiateShutdownEx`),
	"82273fdc-e32a-18c3-3f78-827929dc23ea": named("eventlog", `ElfrClearELFW ElfrBackupELFW ElfrCloseEL ElfrDeregisterEventSource
		ElfrNumberOfRecords ElfrOldestRecord ElfrChangeNotify ElfrOpenELW ElfrRegisterEventSourceW ElfrOpenBELW ElfrReadELW ElfrReportEventW
		ElfrClearELFA ElfrBackupELFA ElfrOpenELA ElfrRegisterEventSourceA ElfrOpenBELA ElfrReadELA ElfrReportEventA
		22 ElfrGetLogInformation 24 ElfrReportEventAndSourceW ElfrReportEventExW ElfrReportEventExA`),
	"f6beaff7-1e19-4fbb-9f8f-b89e2018337c": named("IEventService", `EvtRpcRegisterRemoteSubscription EvtRpcRemoteSubscriptionNextAsync
		EvtRpcRemoteSubscriptionNext EvtRpcRemoteSubscriptionWaitAsync EvtRpcRegisterControllableOperation EvtRpcRegisterLogQuery
		EvtRpcClearLog EvtRpcExportLog EvtRpcLocalizeExportLog EvtRpcMessageRender EvtRpcMessageRenderDefault EvtRpcQueryNext EvtRpcQuerySeek
		EvtRpcClose EvtRpcCancel`),
}
