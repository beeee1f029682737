package proto

// rpcMachine holds the interfaces of every Windows machine's own services.
var rpcMachine = map[string]*rpcInterface{
	// MS-SRVS
	"4b324fc8-1670-01d3-1278-5a47bf6ee188": named("srvsvc", `8 NetrConnectionEnum NetrFileEnum NetrFileGetInfo NetrFileClose NetrSessionEnum
		NetrSessionDel NetrShareAdd NetrShareEnum NetrShareGetInfo NetrShareSetInfo NetrShareDel NetrShareDelSticky NetrShareCheck
		NetrServerGetInfo NetrServerSetInfo NetrServerDiskEnum NetrServerStatisticsGet NetrServerTransportAdd NetrServerTransportEnum
		NetrServerTransportDel NetrRemoteTOD 30 NetprPathType NetprPathCanonicalize NetprPathCompare NetprNameValidate NetprNameCanonicalize
		NetprNameCompare NetrShareEnumSticky NetrShareDelStart NetrShareDelCommit NetrpGetFileSecurity NetrpSetFileSecurity
		NetrServerTransportAddEx`),
	// MS-WKST
	"6bffd098-a112-3610-9833-46c3f87e345a": named("wkssvc", `NetrWkstaGetInfo NetrWkstaSetInfo NetrWkstaUserEnum 5 NetrWkstaTransportEnum
		NetrWkstaTransportAdd NetrWkstaTransportDel NetrUseAdd NetrUseGetInfo NetrUseDel NetrUseEnum 13 NetrWorkstationStatisticsGet
		20 NetrGetJoinInformation 22 NetrJoinDomain2 NetrUnjoinDomain2 NetrRenameMachineInDomain2 NetrValidateName2 NetrGetJoinableOUs2
		NetrAddAlternateComputerName NetrRemoveAlternateComputerName NetrSetPrimaryComputerName NetrEnumerateComputerNames`),
	// MS-RRP
	"338cd001-2244-31f1-aaaa-900038001003": named("winreg", `OpenClassesRoot OpenCurrentUser OpenLocalMachine OpenPerformanceData OpenUsers
		BaseRegCloseKey BaseRegCreateKey BaseRegDeleteKey BaseRegDeleteValue BaseRegEnumKey BaseRegEnumValue BaseRegFlushKey
		BaseRegGetKeySecurity BaseRegLoadKey 15 BaseRegOpenKey BaseRegQueryInfoKey BaseRegQueryValue BaseRegReplaceKey BaseRegRestoreKey
		BaseRegSaveKey BaseRegSetKeySecurity BaseRegSetValue BaseRegUnLoadKey 26 BaseRegGetVersion OpenCurrentConfig
		29 BaseRegQueryMultipleValues 31 BaseRegSaveKeyEx OpenPerformanceText OpenPerformanceNlsText BaseRegQueryMultipleValues2
		BaseRegDeleteKeyEx`),
	// MS-RPRN, MS-PAR
	"12345678-1234-abcd-ef00-0123456789ab": named("spoolss", `RpcEnumPrinters RpcOpenPrinter RpcSetJob RpcGetJob RpcEnumJobs RpcAddPrinter
		RpcDeletePrinter RpcSetPrinter RpcGetPrinter RpcAddPrinterDriver RpcEnumPrinterDrivers RpcGetPrinterDriver
		RpcGetPrinterDriverDirectory RpcDeletePrinterDriver RpcAddPrintProcessor RpcEnumPrintProcessors RpcGetPrintProcessorDirectory
		RpcStartDocPrinter RpcStartPagePrinter RpcWritePrinter RpcEndPagePrinter RpcAbortPrinter RpcReadPrinter RpcEndDocPrinter RpcAddJob
		RpcScheduleJob RpcGetPrinterData RpcSetPrinterData RpcWaitForPrinterChange RpcClosePrinter
		56 RpcFindClosePrinterChangeNotification 58 RpcReplyOpenPrinter RpcRouterReplyPrinter RpcReplyClosePrinter
		62 RpcRemoteFindFirstPrinterChangeNotification 65 RpcRemoteFindFirstPrinterChangeNotificationEx
		RpcRouterReplyPrinterEx RpcRouterRefreshPrinterChangeNotification 69 RpcOpenPrinterEx RpcAddPrinterEx
		78 RpcEnumPrinterKey 88 RpcXcvData RpcAddPrinterDriverEx`),
	"76f03f96-cdfd-44fc-a22c-64950a001209": named("IRemoteWinspool", `RpcAsyncOpenPrinter RpcAsyncAddPrinter 20 RpcAsyncClosePrinter
		39 RpcAsyncAddPrinterDriver 62 RpcAsyncInstallPrinterDriverFromPackage RpcAsyncUploadPrinterDriverPackage`),
	// no specification; the operation of CVE-2005-1983
	"8d9f4e40-a03d-11ce-8f69-08003e30051b": named("plugplay", `54 PNP_QueryResConfList`),
	// MS-EFSR, over its two interfaces
	"c681d488-d850-11d0-8c52-00c04fd90f7e": named("efsrpc", efsOperations),
	"df1941c5-fe89-4e79-bf10-463657acf44d": named("efsrpc", efsOperations),
	// MS-DFSNM
	"4fc742e0-4a10-11cf-8273-00aa004ae673": named("netdfs", `NetrDfsManagerGetVersion NetrDfsAdd NetrDfsRemove NetrDfsSetInfo NetrDfsGetInfo
		NetrDfsEnum NetrDfsMove 10 NetrDfsAddFtRoot NetrDfsRemoveFtRoot NetrDfsAddStdRoot NetrDfsRemoveStdRoot NetrDfsManagerInitialize
		NetrDfsAddStdRootForced NetrDfsGetDcAddress NetrDfsSetDcAddress NetrDfsFlushFtTable NetrDfsAdd2 NetrDfsRemove2 NetrDfsEnumEx
		NetrDfsSetInfo2`),
	// MS-FSRVP
	"a8e0653c-2744-4389-a61d-7373df8b2292": named("fsrvp", `GetSupportedVersion SetContext StartShadowCopySet AddToShadowCopySet
		CommitShadowCopySet ExposeShadowCopySet RecoveryCompleteShadowCopySet AbortShadowCopySet IsPathSupported IsPathShadowCopied
		GetShareMapping DeleteShareMapping PrepareShadowCopySet`),
}

const efsOperations = `EfsRpcOpenFileRaw EfsRpcReadFileRaw EfsRpcWriteFileRaw EfsRpcCloseRaw EfsRpcEncryptFileSrv EfsRpcDecryptFileSrv
	EfsRpcQueryUsersOnFile EfsRpcQueryRecoveryAgents EfsRpcRemoveUsersFromFile EfsRpcAddUsersToFile 11 EfsRpcNotSupported EfsRpcFileKeyInfo
	EfsRpcDuplicateEncryptionInfoFile 15 EfsRpcAddUsersToFileEx EfsRpcFileKeyInfoEx 18 EfsRpcGetEncryptedFileMetadata
	EfsRpcSetEncryptedFileMetadata EfsRpcFlushEfsCache EfsRpcEncryptFileExSrv EfsRpcQueryProtectors`
