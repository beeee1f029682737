package craft

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/rights"
)

// Environment variables that tell a program of a test what it has to do without.
const (
	Without = "BRANDMELDER_WITHOUT" // a capability, such as CAP_BPF, and with it CAP_SYS_ADMIN, which stands for many
	Hidden  = "BRANDMELDER_HIDDEN"  // a directory: an empty disk of 1 MiB takes its place
)

// Deprive begins this program anew without what the environment names, and does not
// come back; without such names it does nothing. What one thread gave up nobody has
// after an exec.
func Deprive() error {
	dir, right := os.Getenv(Hidden), os.Getenv(Without)
	if dir+right == "" {
		return nil
	}
	runtime.LockOSThread()
	if dir != "" {
		if err := OwnMounts(); err != nil {
			return err
		}
		if err := unix.Mount("none", dir, "tmpfs", 0, "size=1m"); err != nil {
			return err
		}
	}
	if right != "" {
		if err := without(rights.Named(right) | 1<<unix.CAP_SYS_ADMIN); err != nil {
			return err
		}
	}
	os.Unsetenv(Hidden)
	os.Unsetenv(Without)
	return unix.Exec("/proc/self/exe", os.Args, os.Environ())
}

// OwnMounts lets the calling thread, which is locked to its goroutine, mount what nobody
// else sees; it then stands in "/". In a chroot that need not be a mount, and only a mount
// can be made private: so the namespace's own root is, where setns(2) leads.
func OwnMounts() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("mounts of its own: %w", err)
	}
	root, err := os.Open("/")
	if err != nil {
		return err
	}
	defer root.Close()
	mounts, err := os.Open("/proc/thread-self/ns/mnt")
	if err != nil {
		return err
	}
	defer mounts.Close()
	for _, step := range []func() error{
		func() error { return unix.Setns(int(mounts.Fd()), unix.CLONE_NEWNS) },
		func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") },
		func() error { return unix.Fchdir(int(root.Fd())) },
		func() error { return unix.Chroot(".") },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("mounts of its own: %w", err)
		}
	}
	return nil
}

func without(right rights.Set) error {
	header, data := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	for i := range data {
		data[i].Effective &^= uint32(right >> (32 * i))
		data[i].Permitted = data[i].Effective
	}
	return errors.Join(unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), unix.Capset(&header, &data[0]))
}
