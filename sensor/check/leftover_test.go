package check

import "testing"

// A sensor that captures at this moment is not what others left behind.
func TestOurProgramsAreNoLeftovers(t *testing.T) {
	for program, want := range map[string]bool{"fanout": true, "mirror": true, "bm_try": true, "xdp_pass": false, "mirrors": false, "?": false} {
		if ours(program) != want {
			t.Errorf("%s: %v", program, !want)
		}
	}
}
