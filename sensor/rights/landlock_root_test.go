package rights

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

const confined = "BRANDMELDER_TEST_CONFINED"

// confine shuts this process up in two folders of dir and tries the door, on several threads.
func confine(dir string) {
	err := Confine([]string{dir + "/read", dir + "/absent"}, []string{dir + "/write"})
	if errors.Is(err, ErrThreads) || errors.Is(err, ErrNoLandlock) {
		fmt.Println(err)
		os.Exit(77)
	}
	if err != nil {
		panic(err)
	}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() { tryDoor(dir) })
	}
	all.Wait()
	fmt.Println("confined")
}

func tryDoor(dir string) {
	expect := func(what string, err error, fine bool) {
		if (err == nil) != fine {
			panic(fmt.Sprint(what, ": ", err))
		}
	}
	_, err := os.ReadFile(dir + "/read/file")
	expect("read", err, true)
	expect("write where it may read", os.WriteFile(dir+"/read/file", nil, 0o600), false)
	expect("make where it may read", os.WriteFile(dir+"/read/new", nil, 0o600), false)
	f, err := os.CreateTemp(dir+"/write", "*")
	expect("make", err, true)
	f.Close()
	expect("rename", os.Rename(f.Name(), f.Name()+"x"), true)
	expect("remove", os.Remove(f.Name()+"x"), true)
	_, err = os.ReadFile(dir + "/other/file")
	expect("read elsewhere", err, false)
	expect("make elsewhere", os.WriteFile(dir+"/other/new", nil, 0o600), false)
	_, err = os.ReadDir("/etc")
	expect("look elsewhere", err, false)
	expect("start a program", exec.Command("/proc/self/exe").Run(), false)
}

func TestConfine(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"read", "write", "other"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "file"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), confined+"="+dir)
	out, err := c.CombinedOutput()
	if c.ProcessState.ExitCode() == 77 {
		t.Skip(string(out))
	}
	if err != nil || string(out) != "confined\n" {
		t.Errorf("%v %s", err, out)
	}
}
