// Package bpf holds what runs in the kernel: the C sources, their own small
// headers and the objects made from them, which are committed so that a build
// needs no C compiler.
package bpf

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
)

//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -tags linux -target bpfel fanout fanout.c -- -O2 -g -Wall -Werror
//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -tags linux -target bpfel -type entry -type record -type tally xdp xdp.c -- -O2 -g -Wall -Werror -mcpu=v3
//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -tags linux -target bpfel filter filter.c -- -O2 -g -Wall -Werror -mcpu=v3

// LoadFanout loads the program that spreads the packets of an interface over the
// rings of a fanout group (packet(7), PACKET_FANOUT_EBPF) by their pair of
// addresses. The program is the caller's to close; a group keeps its own hold.
func LoadFanout() (*ebpf.Program, error) {
	lift()
	var objects fanoutObjects
	if err := loadFanoutObjects(&objects, nil); err != nil {
		return nil, readable("fanout", err)
	}
	return objects.Fanout, nil
}

// lift takes away the limit on locked memory, which kernels before 5.11 count maps and
// programs against. Where that may not be done, the load tells.
func lift() { _ = rlimit.RemoveMemlock() }

// readable says what a person can do about a program that the kernel refused.
func readable(name string, err error) error {
	var refused *ebpf.VerifierError
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("bpf: the kernel's verifier refuses the program %s: %w", name, err)
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return &forbidden{name, err}
	case errors.Is(err, syscall.ENOSYS), errors.Is(err, ebpf.ErrNotSupported):
		return fmt.Errorf("bpf: this kernel cannot run the program %s: %w", name, err)
	}
	return fmt.Errorf("bpf: load the program %s: %w", name, err)
}

// forbidden is a missing right. The library takes that for a limit on locked memory, so
// its words are kept back.
type forbidden struct {
	program string
	cause   error
}

func (f *forbidden) Error() string {
	return "bpf: loading the program " + f.program + " needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN (or root), and a kernel that does not forbid it"
}

func (f *forbidden) Unwrap() error { return f.cause }
