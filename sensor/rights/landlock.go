package rights

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What Landlock (landlock(7)) can forbid on files, by the first version of its interface
// that knows it. Version 4 is about ports and 6 about other processes.
const (
	looks = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	// Of these one file may be allowed; of the others only a directory.
	ofFiles = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_EXECUTE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	version1 = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1
)

// handled are the deeds that the kernel's version can forbid.
func handled(version int) (mask uint64) {
	mask = version1
	if version >= 2 {
		mask |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		mask |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 5 {
		mask |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	return mask
}

// ErrNoLandlock says that this kernel does not have Landlock, or has it switched off.
var ErrNoLandlock = errors.New("this kernel has no Landlock")

// Confine leaves to every thread, and for good, only these paths and what lies below
// them: to read, and to read and write. Paths that are not there are left out; what is
// open stays open. Nothing may be started any more.
func Confine(read, write []string) error {
	version, _, no := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if no != 0 {
		return fmt.Errorf("%w: %w", ErrNoLandlock, no)
	}
	mask := handled(int(version))
	rules := unix.LandlockRulesetAttr{Handled_access_fs: mask}
	// The size is that of the first version: the rest of the structure is of later ones.
	fd, _, no := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), unsafe.Sizeof(rules.Handled_access_fs), 0)
	if no != 0 {
		return fmt.Errorf("rights: make a set of Landlock rules: %w", no)
	}
	defer unix.Close(int(fd))
	for _, path := range read {
		if err := allow(int(fd), path, mask&looks); err != nil {
			return err
		}
	}
	for _, path := range write {
		if err := allow(int(fd), path, mask&^unix.LANDLOCK_ACCESS_FS_EXECUTE); err != nil {
			return err
		}
	}
	if err := everyThread(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
		return err
	}
	return everyThread(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0)
}

// allow adds a path to the rules.
func allow(rules int, path string, deeds uint64) error {
	f, err := os.OpenFile(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("rights: allow %s: %w", path, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.IsDir() {
		deeds &= ofFiles
	}
	below := unix.LandlockPathBeneathAttr{Allowed_access: deeds, Parent_fd: int32(f.Fd())}
	_, _, no := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&below)), 0, 0, 0)
	if no != 0 {
		return fmt.Errorf("rights: allow %s: %w", path, no)
	}
	return nil
}
