package proto

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
)

// looks reads what single operations tell by their arguments, where these are not
// encrypted.
func (r *RPC) looks(stub []byte) {
	if r.AuthLevel == "privacy" {
		return
	}
	switch {
	case r.Operation == "NetrServerReqChallenge":
		r.ZeroChallenge = len(stub) >= 16 && repeats(stub[len(stub)-8:])
	case r.Interface == "IRemoteSCMActivator" || r.Interface == "IActivation":
		r.Class = classIn(stub)
	case r.Interface == "srvsvc" && strings.HasPrefix(r.Operation, "NetprPath"):
		r.PathClimbs = bytes.Contains(stub, []byte{'.', 0, '.', 0, '\\', 0}) || bytes.Contains(stub, []byte{'\\', 0, '.', 0, '.', 0})
	}
}

// repeats reports whether none of the first five bytes of a challenge is unique:
// such a challenge is refused since CVE-2020-1472 (MS-NRPC 3.1.4.1). By chance one
// of a million has that shape.
func repeats(challenge []byte) bool {
	for i, b := range challenge[:5] {
		if bytes.Count(challenge[:5], challenge[i:i+1]) < 2 {
			return b == 0 && bytes.Equal(challenge, make([]byte, 8))
		}
	}
	return true
}

// rpcClasses are classes of objects by which programs are started on another
// machine: the one of WMI, and applications that run what they are told.
var rpcClasses = wireClasses(map[string]string{
	"8bc3f05e-d86b-11d0-a075-00c04fb68820": "WMI",
	"49b2791a-b1ae-4c90-9b8e-e860ba07f889": "MMC20.Application",
	"9ba05972-f6a8-11cf-a442-00a0c90a8f39": "ShellWindows",
	"c08afd90-f2a1-11d1-8455-00a0c91f3880": "ShellBrowserWindow",
	"13709620-c279-11ce-a49e-444553540000": "Shell.Application",
	"00024500-0000-0000-c000-000000000046": "Excel.Application",
	"000209ff-0000-0000-c000-000000000046": "Word.Application",
	"0006f03a-0000-0000-c000-000000000046": "Outlook.Application",
	"00021a20-0000-0000-c000-000000000046": "Visio.Application",
	"0002df01-0000-0000-c000-000000000046": "InternetExplorer.Application",
	"3050f4d8-98b5-11cf-bb82-00aa00bdce0b": "htafile",
})

// wireClasses turns UUIDs into what stands on the wire: the first three parts in
// the order of a little-endian machine.
func wireClasses(names map[string]string) map[[16]byte]string {
	out := map[[16]byte]string{}
	for text, name := range names {
		b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		if err != nil || len(b) != 16 {
			panic("proto: no UUID: " + text)
		}
		slices.Reverse(b[:4])
		slices.Reverse(b[4:6])
		slices.Reverse(b[6:8])
		out[[16]byte(b)] = name
	}
	return out
}

// classIn finds the first known class in the arguments of an activation. It stands
// there as it is on the wire, in properties whose place depends on the client.
func classIn(stub []byte) string {
	for i := 0; i+16 <= len(stub); i++ {
		if name, ok := rpcClasses[[16]byte(stub[i:i+16])]; ok {
			return name
		}
	}
	return ""
}

// rpcPipes are the interfaces that pipes carry mostly.
var rpcPipes = map[string]string{
	"lsarpc": "12345778-1234-abcd-ef00-0123456789ab",
	"svcctl": "367abb81-9844-35f1-ad32-98f038001003", "samr": "12345778-1234-abcd-ef00-0123456789ac",
	"srvsvc": "4b324fc8-1670-01d3-1278-5a47bf6ee188", "wkssvc": "6bffd098-a112-3610-9833-46c3f87e345a",
	"winreg": "338cd001-2244-31f1-aaaa-900038001003", "spoolss": "12345678-1234-abcd-ef00-0123456789ab",
	"netlogon": "12345678-1234-abcd-ef00-01234567cffb", "netdfs": "4fc742e0-4a10-11cf-8273-00aa004ae673",
	"efsrpc": "df1941c5-fe89-4e79-bf10-463657acf44d", "initshutdown": "894de0c0-0d55-11d3-a322-00c04fa321a1",
	"eventlog": "82273fdc-e32a-18c3-3f78-827929dc23ea", "fssagentrpc": "a8e0653c-2744-4389-a61d-7373df8b2292",
	"epmapper": "e1af8308-5d1f-11c9-91a4-08002b14a0fa",
}
