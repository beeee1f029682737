package capture

import (
	"errors"
	"fmt"
	"strings"
)

// Ways are the ways to capture live that Open knows.
var Ways = []string{"auto", "xdp", "filter", "ring"}

// Open opens live sources on interfaces, one for each packet shard, and says in how
// which way they were opened, and why not a better one. Way "xdp" counts in the
// kernel, and only looks where the host itself uses an interface; "filter" counts behind
// the driver; "ring" takes every packet; "auto" is the first of the three that works: xdp
// only where every interface is a mirror port, as it does not see what the host sends.
func Open(way string, names []string, o Options) (sources []Source, how string, err error) {
	list := strings.Join(names, ", ")
	switch way {
	case "ring":
		sources, err = openRings(names, o)
		return sources, list + " through rings", err
	case "filter":
		sources, err = Filter(names, o)
		return sources, list + " through a socket's filter", err
	case "xdp":
		return openXDP(names, o)
	}
	sources, err = XDP(names, o)
	if err == nil {
		return sources, list + " by XDP", nil
	}
	why := "not by XDP: " + err.Error()
	if sources, err = Filter(names, o); err == nil {
		return sources, fmt.Sprintf("%s through a socket's filter, %s", list, why), nil
	}
	why += "; not through a socket's filter: " + err.Error()
	if sources, err = openRings(names, o); err != nil {
		return nil, "", err
	}
	return sources, fmt.Sprintf("%s through rings, %s", list, why), nil
}

// openXDP is XDP asked for by name: it only looks where frames may not end.
func openXDP(names []string, o Options) (sources []Source, how string, err error) {
	list := strings.Join(names, ", ")
	sources, why := XDP(names, o)
	if !errors.Is(why, ErrOwnTraffic) {
		return sources, list + " by XDP", why
	}
	o.Look = true
	sources, err = XDP(names, o)
	return sources, fmt.Sprintf("%s by XDP, which only looks and does not see what this host sends: %v", list, why), err
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
