package proto

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// one makes a message of SMB1 with Unicode and NT status; its tree is 5.
func one(command int, reply bool, status uint32, mid uint16, words, data []byte) []byte {
	flags := 0
	if reply {
		flags = 0x80
	}
	return le("\xffSMB", command, status, flags, uint16(0xc001), zeros(12), uint16(5), uint16(77), uint16(9), mid,
		len(words)/2, words, uint16(len(data)), data)
}

func asks(command int, mid uint16, words, data []byte) said {
	return said{event.Client, nbss(one(command, false, 0, mid, words, data))}
}

func gives(command int, status uint32, mid uint16, words, data []byte) said {
	return said{event.Server, nbss(one(command, true, status, mid, words, data))}
}

var noChain = []byte{0xff, 0, 0, 0}

func negotiate1(mode int) dialogue {
	return dialogue{
		asks(smb1Negotiate, 1, nil, le(2, "PC NETWORK PROGRAM 1.0\x00", 2, "NT LM 0.12\x00")),
		gives(smb1Negotiate, 0, 1, le(uint16(1), mode, zeros(16), uint32(0x8000e3fd), zeros(11)), nil),
	}
}

// setup1 is the session setup of NT LM 0.12 with two responses.
func setup1(lm, nt int, user, domain string) said {
	words := le(noChain, zeros(10), uint16(lm), uint16(nt), zeros(8))
	data := zeros(lm + nt)
	if at := smb1HeaderSize + 1 + len(words) + 2 + len(data); at%2 == 1 {
		data = append(data, 0)
	}
	return asks(smb1SessionSetup, 2, words, le(data, utf16le(user), uint16(0), utf16le(domain), uint16(0)))
}

func connect1() dialogue {
	return dialogue{
		asks(smb1TreeConnect, 3, le(noChain, uint16(0), uint16(1)), le(0, utf16le(`\\files\IPC$`), uint16(0), "?????\x00")),
		gives(smb1TreeConnect, 0, 3, le(noChain, uint16(1)), []byte("IPC\x00")),
	}
}

// transaction2 is a TRANS2 request without data.
func transaction2(mid, function uint16, total int) said {
	return asks(smb1Trans2, mid, le(uint16(0), uint16(total), zeros(18), uint16(0), uint16(0), 1, 0, function), nil)
}

// file1 writes to a file, reads of it and closes it.
func file1() dialogue {
	name := utf16le(`\log.txt`)
	open := le(noChain, 0, uint16(len(name)), zeros(8), uint32(0x120196), zeros(16), uint32(1), uint32(0), zeros(5))
	opened := le(noChain, 0, uint16(0x4001), zeros(48), uint64(12), uint32(0), 0)
	const at = smb1HeaderSize + 3
	write := le(noChain, uint16(0x4001), uint32(0), zeros(8), uint16(0), uint16(4), uint16(at+24))
	data := le(noChain, zeros(6), uint16(6), uint16(at+24), uint16(0), zeros(8))
	return dialogue{
		asks(smb1TreeConnect, 3, le(noChain, uint16(0), uint16(1)), le(0, utf16le(`\\files\data`), uint16(0), "?????\x00")),
		gives(smb1TreeConnect, 0, 3, le(noChain, uint16(1)), []byte("A:\x00")),
		asks(smb1NTCreate, 4, open, le(0, name, 0, 0)), gives(smb1NTCreate, 0, 4, opened, nil),
		asks(smb1Write, 5, write, []byte("\x7fELF")), gives(smb1Write, 0, 5, le(noChain, uint16(4), uint32(0), uint16(0), uint16(0)), nil),
		asks(smb1Read, 6, le(noChain, uint16(0x4001), uint32(0), zeros(10)), nil), gives(smb1Read, 0, 6, data, []byte("MZabcd")),
		asks(smb1Close, 7, le(uint16(0x4001), uint32(0)), nil), gives(smb1Close, 0, 7, nil, nil),
	}
}

func init() {
	whole := append(negotiate1(3), setup1(24, 24, "anna", "CLINIC"), gives(smb1SessionSetup, 0, 2, le(noChain, uint16(0)), nil))
	whole = append(append(whole, connect1()...), transaction2(65, 14, 0), gives(smb1Trans2, 0xC0000002, 81, nil, nil))
	dialogues["smb"] = append(dialogues["smb"], whole, file1())
}

func TestOldFileOperationsAreTold(t *testing.T) {
	records := run(smbSpec(t, "smb"), file1())
	want := []string{"smb tree_connect STATUS_SUCCESS data  ", `smb create STATUS_SUCCESS data \log.txt `, `smb close  data \log.txt `}
	if diff := cmp.Diff(want, told(records)); diff != "" {
		t.Fatal(diff)
	}
	r := records[2].(*SMB)
	if r.Written != 4 || r.WrittenMagic != "elf" || r.Read != 6 || r.ReadMagic != "exe-pe" || r.Size != 12 {
		t.Errorf("sums are %+v", r)
	}
}

func TestOldLogins(t *testing.T) {
	for _, tt := range []struct {
		name   string
		mode   int
		setup  said
		status uint32
		action uint16
		want   []string
		clear  bool
	}{
		{"version 1", 3, setup1(24, 24, "anna", "CLINIC"), 0, 0, []string{"ntlm v1", "auth ntlm CLINIC anna  success "}, false},
		{"version 2", 3, setup1(24, 90, "anna", "CLINIC"), 0xC000006D, 0, []string{"ntlm v2", "auth ntlm CLINIC anna  failure STATUS_LOGON_FAILURE"}, false},
		{"guest", 3, setup1(24, 24, "anna", ""), 0, 1, []string{"ntlm v1", "auth ntlm  anna  success guest"}, false},
		{"no one", 3, setup1(1, 0, "", ""), 0, 0, []string{"auth anonymous    success "}, false},
		{"readable", 1, setup1(8, 0, "anna", ""), 0, 0, []string{"auth password  anna  success "}, true},
	} {
		d := append(negotiate1(tt.mode), tt.setup, gives(smb1SessionSetup, tt.status, 2, le(noChain, tt.action), nil))
		records := run(smbSpec(t, "smb"), d)
		if diff := cmp.Diff(tt.want, told(records)[1:]); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if l := records[len(records)-1].(*event.Login); l.Clear != tt.clear {
			t.Errorf("%s: clear text is %v", tt.name, l.Clear)
		}
	}
}

func TestOldErrorsAreNamedByClass(t *testing.T) {
	m := one(smb1Negotiate, true, 0x00020002, 1, le(uint16(0xffff)), nil)
	binary.LittleEndian.PutUint16(m[10:], 0)
	records := run(smbSpec(t, "smb"), dialogue{asks(smb1Negotiate, 1, nil, []byte("\x02X\x00")), {event.Server, nbss(m)}})
	if r := records[0].(*SMB); r.Status != "DOS 2/2" {
		t.Errorf("status is %q", r.Status)
	}
}

func TestTransactionsKeepTheirShape(t *testing.T) {
	more := func(command int, n int) said {
		return asks(command, 66, le(uint16(0), uint16(0), zeros(6), uint16(n), zeros(6)), nil)
	}
	first := asks(smb1NTTrans, 66, le(zeros(7), uint32(66512), zeros(16), uint32(900), uint32(0), 0, uint16(0)), nil)
	for _, tt := range []struct {
		name string
		d    dialogue
		want SMB
	}{
		{"an answer under another multiplex id", dialogue{transaction2(65, 14, 0), gives(smb1Trans2, 0xC0000002, 81, nil, nil)},
			SMB{Command: "trans2", Version: 1, Status: "STATUS_NOT_IMPLEMENTED", Trans: &SMBTrans{Subcommand: 14, Name: "SESSION_SETUP", MultiplexID: 81}}},
		{"secondaries of another kind", dialogue{first, gives(smb1NTTrans, 0, 66, nil, nil), more(smb1Trans2More, 4096), more(smb1Trans2More, 4096)},
			SMB{Command: "nt_trans", Version: 1, Trans: &SMBTrans{TotalData: 66512, Secondary: 2, Mixed: true}}},
		{"secondaries of its own kind", dialogue{transaction2(66, 3, 100), gives(smb1Trans2, 0, 66, nil, nil), more(smb1Trans2More, 100), gives(smb1Trans2, 0, 66, zeros(20), nil)},
			SMB{Command: "trans2", Version: 1, Status: "STATUS_SUCCESS", Trans: &SMBTrans{Subcommand: 3, Name: "QUERY_FS_INFORMATION", MultiplexID: 66, TotalData: 100, Secondary: 1}}},
	} {
		if diff := cmp.Diff([]event.Record{&tt.want}, run(smbSpec(t, "smb"), tt.d), same); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// change1 is a TRANS2 request that sets information: its parameters and its data
// stand one after the other.
func change1(mid, function uint16, parameters, data []byte) said {
	const at = smb1HeaderSize + 1 + 30 + 2 + 3 // three bytes of padding
	words := le(uint16(len(parameters)), uint16(len(data)), zeros(14), uint16(len(parameters)), uint16(at), uint16(len(data)), uint16(at+len(parameters)), 1, 0, function)
	return asks(smb1Trans2, mid, words, le(0, 0, 0, parameters, data))
}

func TestOldRenamesAndDeletes(t *testing.T) {
	d := file1()
	rename := func(name string) []byte {
		return le(1, zeros(3), uint32(0), uint32(len(utf16le(name))), utf16le(name))
	}
	done := func(mid uint16) said { return gives(smb1Trans2, 0, mid, zeros(20), nil) }
	open, last := d[:len(d)-2], d[len(d)-2:]
	talk := append(append(dialogue{}, open...),
		change1(8, setFileInfo, le(uint16(0x4001), uint16(1010), uint16(0)), rename("log.txt.locked")), done(8),
		change1(9, setPathInfo, le(uint16(1010), uint32(0), utf16le(`\b.doc`), uint16(0)), rename("b.doc.locked")), done(9),
		change1(10, setFileInfo, le(uint16(0x4001), uint16(levelDisposition), uint16(0)), []byte{1}), done(10),
		change1(11, setFileInfo, le(uint16(0x4001), uint16(0x101), uint16(0)), zeros(40)), done(11))
	talk = append(talk, last...)
	var got []string
	for _, r := range run(smbSpec(t, "smb"), talk) {
		if s := r.(*SMB); s.Command == "rename" || s.Command == "delete" || s.Command == "close" {
			got = append(got, strings.Join([]string{s.Command, s.Status, s.Share, s.Path, s.NewPath}, "|"))
		}
	}
	want := []string{`rename|STATUS_SUCCESS|data|\log.txt|log.txt.locked`, `rename|STATUS_SUCCESS|data|\b.doc|b.doc.locked`,
		"delete|STATUS_SUCCESS|data|log.txt.locked|", "close||data|log.txt.locked|"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOldPipesWhoseOpeningWasNotSeen(t *testing.T) {
	const at = smb1HeaderSize + 1 + 32 + 2
	talk := func(mid uint16, data []byte) said {
		return asks(smb1Trans, mid, le(uint16(0), uint16(len(data)), zeros(18), uint16(len(data)), uint16(at), 2, 0, uint16(transactPipe), uint16(0x4009)), data)
	}
	records := run(smbSpec(t, "smb"), dialogue{talk(3, bindTo(rpcBind, svcctl, nil)), talk(4, call(2, 12, zeros(30)))})
	found := false
	for _, r := range records {
		if c, ok := r.(*RPC); ok && c.Operation == "CreateServiceW" {
			found = true
		}
	}
	if !found {
		t.Errorf("no call among %q", told(records))
	}
}

func TestPipesOfSharesThatWereNotSeen(t *testing.T) {
	name := utf16le(`\svcctl`)
	open := le(noChain, 0, uint16(len(name)), zeros(8), uint32(0x120196), zeros(16), uint32(1), uint32(0), zeros(5))
	records := run(smbSpec(t, "smb"), dialogue{asks(smb1NTCreate, 4, open, le(0, name, 0, 0)), gives(smb1NTCreate, 0, 4, le(noChain, 0, uint16(0x4001), zeros(60), 0), nil)})
	if r := records[0].(*SMB); r.Pipe != "svcctl" || r.Path != "" {
		t.Errorf("pipe %q, path %q", r.Pipe, r.Path)
	}
}
