package proto

import (
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// copyProgram writes a program to a share, renames it and deletes it.
func copyProgram() dialogue {
	return append(logon2("C$", 1),
		ask(smb2Create, 4, create2(`temp\a.exe`, 0)), give(smb2Create, 0, 4, created2(0)),
		ask(smb2Write, 5, write2(0, "MZ"+strings.Repeat("ab", 9000))), give(smb2Write, 0, 5, written2(18002)),
		ask(smb2Read, 6, read2(512)), give(smb2Read, 0, 6, data2(strings.Repeat("x", 700))),
		ask(smb2SetInfo, 7, rename2(`temp\a.locked`)), give(smb2SetInfo, 0, 7, le(uint16(2))),
		ask(smb2SetInfo, 8, setInfo2(fileDisposition, []byte{1})), give(smb2SetInfo, 0, 8, le(uint16(2))),
		ask(smb2Close, 9, close2()), give(smb2Close, 0, 9, zeros(60)),
	)
}

func init() { dialogues["smb"] = append(dialogues["smb"], copyProgram(), readPlan(), oldPipe()) }

// readPlan opens, reads and closes in one compound a file that goes with its handle.
func readPlan() dialogue {
	related := func(m []byte) []byte { m[16] |= 4; return m }
	anyFile := func(m []byte) []byte { return []byte(strings.ReplaceAll(string(m), string(handle), noHandle)) }
	return append(logon2("data", 1),
		said{event.Client, nbss(next(two(smb2Create, 0, 0, 4, create2("plan.txt", optionDeleteOnClose))),
			next(related(two(smb2Read, 0, 0, 5, anyFile(read2(0))))), related(two(smb2Close, 0, 0, 6, anyFile(close2()))))},
		said{event.Server, nbss(next(two(smb2Create, answer, 0, 4, created2(9))), next(two(smb2Read, answer, 0, 5, data2("%PDF-1.7\n"))),
			two(smb2Close, answer, 0, 6, zeros(60)))})
}

// told is what a record says in short.
func told(records []event.Record) (out []string) {
	for _, r := range records {
		switch r := r.(type) {
		case *SMB:
			out = append(out, strings.Join([]string{"smb", r.Command, r.Status, r.Share, r.Path, r.NewPath}, " "))
		case *event.Login:
			out = append(out, strings.Join([]string{"auth", r.Method, r.Domain, r.User, r.Workstation, r.Outcome.String(), r.Reason}, " "))
		case *NTLM:
			out = append(out, "ntlm "+r.Version)
		case *RPC:
			out = append(out, strings.Join([]string{"rpc", r.Pipe, r.Interface, r.Operation, r.Status, r.Fault}, " "))
		}
	}
	return out
}

func smbSpec(t testing.TB, name string) *Spec {
	for _, s := range All() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no Spec %s", name)
	return nil
}

func TestFileOperationsAreTold(t *testing.T) {
	records := run(smbSpec(t, "smb"), copyProgram())
	want := []string{
		"smb negotiate STATUS_SUCCESS   ",
		"ntlm v2",
		"auth ntlm CLINIC anna WARD-3 success ",
		"smb tree_connect STATUS_SUCCESS C$  ",
		`smb create STATUS_SUCCESS C$ temp\a.exe `,
		`smb rename STATUS_SUCCESS C$ temp\a.exe temp\a.locked`,
		`smb delete STATUS_SUCCESS C$ temp\a.locked `,
		`smb close  C$ temp\a.locked `,
	}
	if diff := cmp.Diff(want, told(records)); diff != "" {
		t.Error(diff)
	}
	sums := records[len(records)-1].(*SMB)
	if sums.Written != 18002 || sums.Writes != 1 || sums.WrittenMagic != "exe-pe" || sums.Read != 700 || sums.ReadMagic != "" || !sums.Admin {
		t.Errorf("sums are %+v", sums)
	}
	if sums.Entropy < 1 || sums.Entropy > 1.1 || sums.ReadEntropy != 0 || sums.Dialect != "3.0.2" {
		t.Errorf("entropy %f and %f, dialect %s", sums.Entropy, sums.ReadEntropy, sums.Dialect)
	}
}

func TestRelatedRequestsMeanTheirCreate(t *testing.T) {
	records := run(smbSpec(t, "smb"), readPlan())
	want := []string{"smb create STATUS_SUCCESS data plan.txt ", "smb close  data plan.txt ", "smb delete STATUS_SUCCESS data plan.txt "}
	if diff := cmp.Diff(want, told(records)[4:]); diff != "" {
		t.Error(diff)
	}
	if r := records[5].(*SMB); r.ReadMagic != "pdf" || r.Read != 9 {
		t.Errorf("%d bytes of %q read", r.Read, r.ReadMagic)
	}
}

func TestLoginsByStatus(t *testing.T) {
	for _, tt := range []struct {
		status, flags uint32
		token         []byte
		want          []string
	}{
		{0, 0, ntlm3("anna", "CLINIC", "PC", 200), []string{"ntlm v2", "auth ntlm CLINIC anna PC success "}},
		{0, 1, ntlm3("anna", "CLINIC", "PC", 24), []string{"ntlm v1", "auth ntlm CLINIC anna PC success guest"}},
		{0, 2, ntlm3("", "", "PC", 0), []string{"ntlm anonymous", "auth anonymous   PC success "}},
		{0xC000006D, 0, ntlm3("anna", "CLINIC", "PC", 200), []string{"ntlm v2", "auth ntlm CLINIC anna PC failure STATUS_LOGON_FAILURE"}},
		{0xC0000234, 0, ntlm3("bob", "", "", 200), []string{"ntlm v2", "auth ntlm  bob  failure STATUS_ACCOUNT_LOCKED_OUT"}},
		{0xC0001234, 0, ntlm3("bob", "", "", 200), []string{"ntlm v2", "auth ntlm  bob  failure 0xC0001234"}},
		{0xC00000BB, 0, ntlm1(), []string{"smb session_setup STATUS_NOT_SUPPORTED   "}},
		{statusMoreProcessing, 0, ntlm1(), nil},
		{statusMoreProcessing, 0, ntlm3("bob", "", "", 200), []string{"ntlm v2", "auth ntlm  bob  unknown "}},
		{0, 0, apReq(), []string{"auth kerberos CLINIC.LOCAL   success "}},
	} {
		records := run(smbSpec(t, "smb"), dialogue{ask(smb2SessionSetup, 1, setup2(tt.token)), give(smb2SessionSetup, tt.status, 1, setupAnswer2(uint16(tt.flags)))})
		if diff := cmp.Diff(tt.want, told(records)); diff != "" {
			t.Errorf("status %x: %s", tt.status, diff)
		}
	}
}
