package detect

import "github.com/brandmelder/brandmelder/sensor/event"

// driveBySign is a set of signs that a page put a program on its reader.
type driveBySign uint16

const (
	driveByFlash driveBySign = 1 << iota
	driveByJava
	driveBySilverlight
	driveByPDF
	driveByJavaAgent
	driveByNoLanguages
	driveByNoReferrer
	driveByOtherAgent
	driveByFalseType
	driveByUnnamed
	driveByForeign
	driveByFramed
	driveByFast
	driveByTwice
)

// driveByPlugins are what plug-ins open; of these the heaviest counts.
const driveByPlugins = driveByFlash | driveByJava | driveBySilverlight | driveByPDF

var driveBySigns = [...]struct {
	name   string
	weight int
}{
	{"flash", 2}, {"java", 2}, {"silverlight", 2}, {"pdf", 1}, // manuals lie beside drivers
	{"java-agent", 2}, {"no-languages", 2}, {"no-referrer", 1}, {"other-agent", 1}, {"false-type", 2},
	{"no-program-name", 2}, {"led-by-other-site", 1}, {"framed-page", 2}, {"at-once", 2}, {"twice", 1},
}

func (s driveBySign) names() (out []string) {
	for i := range driveBySigns {
		if s&(1<<i) != 0 {
			out = append(out, driveBySigns[i].name)
		}
	}
	return out
}

func (s driveBySign) points() (n int) {
	heaviest := 0
	for i := range driveBySigns {
		sign, weight := driveBySign(1<<i), driveBySigns[i].weight
		switch {
		case s&sign == 0:
		case sign&driveByPlugins != 0:
			heaviest = max(heaviest, weight)
		default:
			n += weight
		}
	}
	return n + heaviest
}

type driveByFacts struct {
	Class  string
	Bytes  int64
	Signs  []string
	Points int
}

var driveByTable = event.NewTable("drive-by", "A web site that puts a program on whoever looks at it.",
	event.String("brandmelder.drive_by.class", event.Technical, "what the program is by its first bytes; binary where it came disguised", func(f *driveByFacts) (string, bool) { return f.Class, true }),
	event.Int("brandmelder.drive_by.bytes", event.Technical, "its size, bytes", func(f *driveByFacts) (int64, bool) { return f.Bytes, true }),
	event.Strings("brandmelder.drive_by.signs", event.Technical, "what is unusual about the chain", func(f *driveByFacts) []string { return f.Signs }),
	event.Int("brandmelder.drive_by.points", event.Technical, "weight of these signs; five is a finding", func(f *driveByFacts) (int64, bool) { return int64(f.Points), true }),
)

func (*driveByFacts) Table() *event.Table { return driveByTable }

func init() {
	register(Spec{
		Name:      "drive-by",
		Doc:       "a web page makes a browser or plug-in fetch a program that nobody clicked on",
		Family:    "client-exploit",
		Technique: []string{"T1189", "T1203"},
		Class:     event.Absolute,
		Severity:  event.Medium,
		Wants:     []string{"http"},
		Facts:     driveByTable,
		New:       newDriveBy,
	})
}
