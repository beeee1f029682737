package drill

import (
	"bytes"
	_ "embed"

	"github.com/brandmelder/brandmelder/sensor/capture"
)

//go:embed recording.pcap.zst
var recording []byte

// Recording is the exercise as `make recording` recorded it, cut to the headers
// of the large transfer: for machines on which it cannot play.
func Recording() (capture.Source, error) {
	return capture.Files([]string{"-"}, capture.Options{Stdin: bytes.NewReader(recording)})
}
