// Package iface makes an interface fit to listen on a mirror port, and sets it back to
// what it was: promiscuous, no frames merged and no tags taken out, and silent: without
// ARP and IPv6. What was before is on disk before the first change.
package iface

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ErrCarries says that an interface has other work than listening.
var ErrCarries = errors.New("the host itself uses it")

// ErrPermission says that the process may not change interfaces.
var ErrPermission = errors.New("needs CAP_NET_ADMIN")

// Room is where interfaces are prepared.
type Room struct {
	Dir      string                           // where what was before is kept
	OnlyLook bool                             // change only what does not touch the host's own traffic
	Say      func(format string, args ...any) // one line a change
}

// Prepare makes an interface fit to listen. Doing it twice changes nothing more, and
// restores to what was before the first time.
func (r *Room) Prepare(name string) error {
	l, err := Find(name)
	if err != nil {
		return err
	}
	name = l.Attrs().Name
	if err := r.refuse(name); err != nil {
		return err
	}
	todo, err := r.keep(l)
	if err != nil {
		return fmt.Errorf("%s: nothing was changed: %w", name, permitted(err))
	}
	if len(todo) == 0 {
		r.Say("%s: nothing to change", name)
		return nil
	}
	for i := range todo {
		err = errors.Join(err, r.change(l, &todo[i], todo[i].want))
	}
	return errors.Join(err, r.stays(name, todo))
}

// keep puts what the interface is like on disk, and tells what is to be changed. What
// was kept before stays: it is what people want back.
func (r *Room) keep(l netlink.Link) (todo []trait, err error) {
	k, err := keptOf(r.Dir, l)
	if err != nil {
		return nil, err
	}
	for _, t := range traits() {
		if r.OnlyLook && !t.look {
			continue
		}
		now, err := t.get(l)
		if errors.Is(err, errNone) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", t.name, err)
		}
		if now != t.want {
			todo = append(todo, t)
		}
		if !k.has(t.name) {
			k.Before = append(k.Before, value{t.name, now})
		}
	}
	if len(todo) == 0 {
		return nil, nil
	}
	if err := k.save(); err != nil {
		return nil, fmt.Errorf("what it is like now cannot be kept in %s: %w", r.Dir, err)
	}
	return todo, nil
}

// refuse finds out whether the interface is the host's own.
func (r *Room) refuse(name string) error {
	own, err := Carries(name)
	if err != nil || len(own) == 0 || r.OnlyLook {
		return err
	}
	return fmt.Errorf("%s is not touched: %w, it %s; name the interface that the mirror port is plugged into, or say --only-look",
		name, ErrCarries, strings.Join(own, ", "))
}

// change sets one trait, unless another change did already.
func (r *Room) change(l netlink.Link, t *trait, to string) error {
	name := l.Attrs().Name
	l, err := netlink.LinkByIndex(l.Attrs().Index)
	if err != nil {
		return fmt.Errorf("%s is gone: %w", name, err)
	}
	now, err := t.get(l)
	if errors.Is(err, errNone) || err == nil && now == to {
		return nil
	}
	if err == nil {
		err = t.set(l, to)
	}
	if err != nil {
		return fmt.Errorf("%s: set %s to %s: %w", name, t.name, to, permitted(err))
	}
	r.Say("%s: %s %s (was %s)", name, t.name, to, now)
	return nil
}

// stays finds what a driver did not take over though it said nothing.
func (r *Room) stays(name string, set []trait) (errs error) {
	l, err := Find(name)
	if err != nil {
		return err
	}
	for _, t := range set {
		if now, err := t.get(l); err == nil && now != t.want {
			errs = errors.Join(errs, fmt.Errorf("%s: %s stays %s: the driver %s does not let it be %s", name, t.name, now, Driver(name), t.want))
		}
	}
	return errs
}

// Restore sets an interface back to what it was before it was prepared, under the name
// that it has now. An interface that is gone needs nothing.
func (r *Room) Restore(name string) error {
	all, err := allKept(r.Dir)
	if err != nil {
		return err
	}
	l, missing := Find(name)
	known := false
	for _, k := range all {
		if missing == nil && l.Attrs().Index == k.Index || k.Name == name {
			known = true
			err = errors.Join(err, r.restore(k))
		}
	}
	switch {
	case known:
		return err
	case missing != nil:
		return missing
	}
	r.Say("%s: was not prepared, nothing to restore", name)
	return nil
}

// RestoreAll sets back every interface that was prepared.
func (r *Room) RestoreAll() error {
	all, err := allKept(r.Dir)
	if err == nil && len(all) == 0 {
		r.Say("no interface is prepared, nothing to restore")
	}
	for _, k := range all {
		err = errors.Join(err, r.restore(k))
	}
	return err
}

func (r *Room) restore(k *kept) error {
	l, err := netlink.LinkByIndex(k.Index)
	var missing netlink.LinkNotFoundError
	if errors.As(err, &missing) || err == nil && l.Attrs().HardwareAddr.String() != k.MAC {
		r.Say("%s: is gone, and its settings with it", k.Name)
		return k.forget()
	}
	if err != nil {
		return fmt.Errorf("look up the interface %s: %w", k.Name, err)
	}
	if now := l.Attrs().Name; now != k.Name {
		r.Say("%s: is now called %s", k.Name, now)
	}
	all := traits()
	for _, was := range slices.Backward(k.Before) {
		i := slices.IndexFunc(all, func(t trait) bool { return t.name == was.Trait })
		if i >= 0 {
			err = errors.Join(err, r.change(l, &all[i], was.Value))
		}
	}
	if err != nil {
		return err
	}
	return k.forget()
}

// permitted words a missing right.
func permitted(err error) error {
	if errors.Is(err, unix.EPERM) || errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrPermission, err)
	}
	return err
}
