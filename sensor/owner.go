package main

import (
	"fmt"
	"os"
	"syscall"
)

// asOwner makes root work on the files of a sensor that runs as a user of its own as
// this user (setfsuid(2)), so that nothing in its state directory ever belongs to
// somebody else: a decision of root's would lie there unread. A directory that does
// not exist yet, and every user but root, is left alone.
func asOwner(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	return actAs(owner.Uid, owner.Gid)
}

// actAs sets with whose rights files are used, on every thread. The group goes first:
// without root's user it could not be changed.
func actAs(uid, gid uint32) error {
	for _, call := range []struct{ number, id uintptr }{
		{syscall.SYS_SETFSGID, uintptr(gid)},
		{syscall.SYS_SETFSUID, uintptr(uid)},
	} {
		if _, _, errno := syscall.AllThreadsSyscall(call.number, call.id, 0, 0); errno != 0 {
			return fmt.Errorf("state directory: to act as its owner: %w", errno)
		}
	}
	return nil
}
