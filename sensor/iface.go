package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/iface"
)

func ifaceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "iface",
		Short: "make an interface fit for a mirror port, and set it back: prepare, restore",
		Long: "A mirror port must show frames as they crossed the wire, and must send nothing. Prepare makes an\n" +
			"interface promiscuous, keeps the card and the kernel from merging frames and taking VLAN tags out, and\n" +
			"switches ARP and IPv6 off on it. What it was like is kept in /run/brandmelder until restore has set it\n" +
			"back, also when the sensor was killed.",
	}
	c.AddCommand(ifacePrepareCommand(), ifaceRestoreCommand())
	return c
}

func ifacePrepareCommand() *cobra.Command {
	onlyLook, s := false, settings{}
	c := &cobra.Command{
		Use: "prepare [IFACE…]", Short: "make interfaces fit to listen, those of the configuration if none is named; twice changes nothing more",
		Long: "Prepare makes interfaces fit to listen: those that are named, else those of the configuration. One that the\n" +
			"host itself uses, such as one that a tunnel of the switch or the cloud ends at, is refused when it is named,\n" +
			"unless with --only-look; one of the configuration then only listens, and the host notices nothing.",
		RunE: func(c *cobra.Command, names []string) (err error) {
			room := ifaceRoom(c)
			fromFile := len(names) == 0
			if fromFile {
				if err := s.load(); err != nil {
					return err
				}
				state, err := s.StateDir(s.system)
				if err != nil {
					return err
				}
				if names, err = called(state, s.Mirror); err != nil {
					return err
				}
			}
			for _, name := range names {
				own, _ := iface.Carries(name) // Prepare tells what is wrong with the name
				room.OnlyLook = onlyLook || fromFile && len(own) > 0
				err = errors.Join(err, room.Prepare(name))
			}
			return ifaceError(err)
		},
	}
	c.Flags().BoolVar(&onlyLook, "only-look", false, "the host itself uses the interface: change only what its own traffic does not notice")
	s.flag(c)
	return c
}

func ifaceRestoreCommand() *cobra.Command {
	return &cobra.Command{
		Use: "restore [IFACE…]", Short: "set interfaces back to what they were; without a name all that were prepared",
		RunE: func(c *cobra.Command, names []string) (err error) {
			room := ifaceRoom(c)
			if len(names) == 0 {
				return ifaceError(room.RestoreAll())
			}
			for _, name := range names {
				err = errors.Join(err, room.Restore(name))
			}
			return ifaceError(err)
		},
	}
}

func ifaceRoom(c *cobra.Command) *iface.Room {
	return &iface.Room{Dir: iface.RunDir(), Say: func(format string, args ...any) {
		fmt.Fprintf(c.OutOrStdout(), format+"\n", args...)
	}}
}

// ifaceError says what to type where a right is missing. That an interface is not
// meant to be touched is wrong use; that a driver does not obey is what was found.
func ifaceError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, iface.ErrPermission):
		return fmt.Errorf("%w\ntype: %s", err, sudo())
	case errors.Is(err, iface.ErrMissing), errors.Is(err, iface.ErrCarries):
		return err
	}
	return bad("%w", err)
}

// sudo is this very command with the rights of root.
func sudo() string { return "sudo " + strings.Join(os.Args, " ") }
