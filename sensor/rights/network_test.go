package rights

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

const forbidden = "BRANDMELDER_TEST_FORBIDDEN"

// No thread that exists or comes, and nothing that the process starts, opens a socket to
// the network; what capturing needs is opened.
func TestNoNetwork(t *testing.T) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), forbidden+"=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func tryNetwork() error {
	release := make(chan struct{})
	answers := make(chan error)
	for range 8 { // threads that exist before
		go func() {
			<-release
			answers <- refusesNetwork()
		}()
	}
	if err := NoNetwork(); err != nil {
		return err
	}
	close(release)
	for range 8 {
		if err := <-answers; err != nil {
			return err
		}
	}
	for _, f := range []int{unix.AF_UNIX, unix.AF_NETLINK} {
		fd, err := unix.Socket(f, unix.SOCK_RAW, 0)
		if err != nil {
			return fmt.Errorf("family %d: %w", f, err)
		}
		unix.Close(fd)
	}
	if fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0); err == nil {
		unix.Close(fd)
	} else if os.Geteuid() == 0 {
		return fmt.Errorf("packet socket: %w", err)
	}
	if out, err := exec.Command("bash", "-c", "exec 3<>/dev/udp/127.0.0.1/53").CombinedOutput(); err == nil {
		return fmt.Errorf("a program that it started opened a socket: %s", out)
	}
	return nil
}

func refusesNetwork() error {
	for _, f := range []int{unix.AF_INET, unix.AF_INET6, unix.AF_VSOCK, unix.AF_BLUETOOTH} {
		for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW} {
			if fd, err := unix.Socket(f, kind, 0); !errors.Is(err, unix.EPERM) {
				return fmt.Errorf("family %d, type %d: %d %v", f, kind, fd, err)
			}
		}
	}
	if _, err := net.Dial("udp", "127.0.0.1:53"); !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("dial: %v", err)
	}
	if _, err := net.Listen("tcp", "127.0.0.1:0"); !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("listen: %v", err)
	}
	if _, _, no := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, 0, 0); no != unix.EPERM {
		return fmt.Errorf("io_uring: %v", no)
	}
	return nil
}
