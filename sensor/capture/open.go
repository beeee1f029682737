package capture

import (
	"errors"
	"fmt"
	"strings"
)

// Ways are the ways to capture live that Open knows.
var Ways = []string{"auto", "xdp", "ring"}

// Open opens live sources on interfaces, one for each packet shard, and says in how
// which way they were opened, and why not a better one. Way "xdp" counts in the
// kernel, and only looks where the host itself uses an interface; "ring" takes every
// packet; "auto" is xdp where every interface is a mirror port, and else ring: XDP
// does not see what the host itself sends.
func Open(way string, names []string, o Options) (sources []Source, how string, err error) {
	list := strings.Join(names, ", ")
	if way == "ring" {
		sources, err = openRings(names, o)
		return sources, list + " through rings", err
	}
	sources, err = XDP(names, o)
	switch {
	case err == nil:
		return sources, list + " by XDP", nil
	case way == "xdp" && errors.Is(err, ErrOwnTraffic):
		why := err
		o.Look = true
		sources, err = XDP(names, o)
		return sources, fmt.Sprintf("%s by XDP, which only looks and does not see what this host sends: %v", list, why), err
	case way == "xdp":
		return nil, "", err
	}
	why := err
	if sources, err = openRings(names, o); err != nil {
		return nil, "", err
	}
	return sources, fmt.Sprintf("%s through rings, not by XDP: %v", list, why), nil
}

func openRings(names []string, o Options) (all []Source, err error) {
	for _, name := range names {
		opened, err := Live(name, o)
		if err != nil {
			for _, s := range all {
				err = errors.Join(err, s.Close())
			}
			return nil, err
		}
		all = append(all, opened...)
	}
	return all, nil
}
